/**
 * What benchmarks share with the tests: the recording of a catalogue row.
 *
 * @module
 */
export { type RecordedRow, recordRow } from "./op_harness.ts";
