/**
 * What benchmarks share with the tests: the recording of a catalogue row.
 *
 * @module
 */
export { type RecordedRow, recordRow } from "./support/op_harness.ts";
