import { assertEquals } from "@std/assert";
import { formatBytes, formatClock, formatSeconds } from "@transformer-xl/runtime";

Deno.test("formatBytes() chooses the unit", () => {
  assertEquals([512, 1536, 1.5 * 2 ** 20, 2.5 * 2 ** 30].map(formatBytes), [
    "0.5 KiB",
    "1.5 KiB",
    "1.5 MiB",
    "2.5 GiB",
  ]);
});

Deno.test("formatSeconds() has a decimal below ten seconds", () => {
  assertEquals([0, 949, 9_900, 10_000, 61_500].map(formatSeconds), [
    "0.0 s",
    "0.9 s",
    "9.9 s",
    "10 s",
    "62 s",
  ]);
});

Deno.test("formatClock() carries rounded seconds into minutes and hours", () => {
  assertEquals([0, 59_499, 59_500, 3_599_500, 90_061_000].map(formatClock), [
    "0:00:00",
    "0:00:59",
    "0:01:00",
    "1:00:00",
    "25:01:01",
  ]);
});
