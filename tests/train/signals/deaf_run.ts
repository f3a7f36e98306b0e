/**
 * A run that never handles events: it announces itself and then computes forever. With the argument
 * `saving` it has begun to save and receives one signal first.
 *
 * @module
 */
import { listenForInterrupt } from "@transformer-xl/train";

const [phase] = Deno.args;
using interrupt = listenForInterrupt();
if (phase === "saving") {
  interrupt.startSaving();
  const heard = new Promise((resolve) => interrupt.signal.addEventListener("abort", resolve));
  const alive = setInterval(() => {}, 1000);
  console.log("ready");
  await heard;
  clearInterval(alive);
  await new Promise((resolve) => setTimeout(resolve, 700)); // the same request is over
}
console.log("busy");
for (;;);
