/**
 * Lines for DLLogger, byte by byte.
 *
 * @module
 */
import { DllLog } from "@transformer-xl/runtime";
import { assertEquals } from "@std/assert";
import { Scratch } from "../../support/small_run.ts";

/** A clock at one second before midnight, local time, that advances by 1.25 s. */
function clock(): () => number {
  let nowMs = new Date(2020, 1, 29, 23, 59, 59).getTime() - 1250;
  return () => nowMs += 1250;
}

Deno.test("a line is DLLL and an object with the time as text", async () => {
  await using scratch = new Scratch();
  const path = scratch.at("log.json");
  using log = new DllLog(path, { now: clock() });
  log.write("PARAMETER", { lr: 0.01, cutoffs: [], restart: null });
  log.metadata("train_loss", { unit: null });
  log.write([20], { train_loss: 6.5, train_perplexity: Infinity });
  log.write([], {});
  const startS = new Date(2020, 1, 29, 23, 59, 59).getTime() / 1000;
  const time = (n: number) => `"timestamp":"${(startS + 1.25 * n).toFixed(6)}"`;
  assertEquals((await Deno.readTextFile(path)).split("\n"), [
    `DLLL {${time(1)},"datetime":"2020-03-01 00:00:00.250000","elapsedtime":"1.250000",` +
    `"type":"LOG","step":"PARAMETER","data":{"lr":0.01,"cutoffs":[],"restart":null}}`,
    `DLLL {${time(2)},"elapsedtime":"2.500000","datetime":"2020-03-01 00:00:01.500000",` +
    `"type":"METADATA","metric":"train_loss","metadata":{"unit":null}}`,
    `DLLL {${time(3)},"datetime":"2020-03-01 00:00:02.750000","elapsedtime":"3.750000",` +
    `"type":"LOG","step":[20],"data":{"train_loss":6.5,"train_perplexity":null}}`,
    `DLLL {${time(4)},"datetime":"2020-03-01 00:00:04.000000","elapsedtime":"5.000000",` +
    `"type":"LOG","step":[],"data":{}}`,
    "",
  ]);
});

Deno.test("numbers that JSON lacks are Python's words on request, text of that form is not touched", async () => {
  await using scratch = new Scratch();
  const path = scratch.at("log.json");
  using log = new DllLog(path, { pythonNumbers: true });
  log.write([1], { a: Infinity, b: -Infinity, c: NaN, d: "Infinity", e: [NaN] });
  const text = await Deno.readTextFile(path);
  assertEquals(
    text.slice(text.indexOf('"data"')),
    '"data":{"a":Infinity,"b":-Infinity,"c":NaN,"d":"Infinity","e":[NaN]}}\n',
  );
});
