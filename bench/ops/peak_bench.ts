/**
 * Peak rates of this adapter: bytes copied and multiply-adds done. Every other row is compared with
 * these two. Deno's columns time the whole measurement and mean nothing.
 *
 * @module
 */
import { Bench } from "../harness/harness.ts";

const PEAKS = "peaks of the adapter";
const bench = await Bench.open();
let isReported = false;

Deno.bench({ name: PEAKS, warmup: 1, n: 1 }, async () => {
  if (!isReported) await bench.reportPeak(PEAKS);
  isReported = true;
});
