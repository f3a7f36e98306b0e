/**
 * The part of this member that runs wherever WebGPU or plain JavaScript does, browsers included:
 * tensors, recording, autograd, plans, parameters, devices, and the reading of safetensors.
 *
 * @module
 */
export * from "./autograd/add.ts";
export * from "./autograd/backward.ts";
export * from "./base/errors.ts";
export type { Need, Needs } from "./base/need.ts";
export { JsonFault, type JsonLimits, parseGuardedJson } from "./base/guarded_json.ts";
export { formatBytes, formatClock, formatSeconds } from "./base/format.ts";
export { hashName } from "./base/hash.ts";
export { namedNonFinite } from "./base/named_non_finite.ts";
export { oneLine, quoted } from "./base/one_line.ts";
export { type Hash, Sha256, sha256 } from "./base/sha256.ts";
export { CpuDevice } from "./cpu/cpu_device.ts";
export { SharedMemory } from "./cpu/shared_memory.ts";
export { ONE_THREAD, type Thread, ThreadPool, type Threads } from "./cpu/thread_pool.ts";
export type { ThreadStart } from "./cpu/items.ts";
export * from "./files/safetensors/byte_source.ts";
export { isFiniteData, isNonNegativeData } from "./files/safetensors/finite_data.ts";
export { SafetensorsReader, type SafetensorsVerification } from "./files/safetensors/reader.ts";
export {
  SAFETENSORS_ARRAYS,
  type SafetensorsArrays,
  type SafetensorsDtype,
} from "./files/safetensors/header.ts";
export { sourcePieces } from "./files/safetensors/source_pieces.ts";
export * from "./files/safetensors/tensor_source.ts";
export * from "./gpu/adapter.ts";
export * from "./gpu/dry_device.ts";
export type { GpuStorage } from "./gpu/gpu_buffer.ts";
export * from "./gpu/gpu_device.ts";
export * from "./gpu/matrix_units.ts";
export { requiredDirectives } from "./gpu/pipeline_cache.ts";
export { type ByteRange, Readback } from "./gpu/readback.ts";
export * from "./gpu/self_test/self_test.ts";
export * from "./open_device.ts";
export * from "./params/parameter_io.ts";
export * from "./params/parameter_layout.ts";
export * from "./params/parameter.ts";
export * from "./params/parameter_store.ts";
export * from "./plan/device.ts";
export * from "./plan/executable.ts";
export * from "./plan/memory_planner.ts";
export type { OwnedStorage } from "./plan/owned_storage.ts";
export {
  type CommandTime,
  type HostOf,
  type OpTime,
  Plan,
  type PlanInputs,
  type PlanOutputs,
  type RunValues,
} from "./plan/plan.ts";
export { scalarOf, type ScalarValues, workgroupsOf } from "./plan/scalar_values.ts";
export * from "./random/philox.ts";
export * from "./record/elementwise.ts";
export * from "./record/kernel.ts";
export type { Count, Dispatch, Grid, Launch } from "./record/launch.ts";
export * from "./record/op.ts";
export * from "./record/recorder.ts";
export * from "./reference/reference_device.ts";
export * from "./tensor/device_limits.ts";
export * from "./tensor/dtype.ts";
export * from "./tensor/shape.ts";
export * from "./tensor/tensor.ts";
export type { VectorCode } from "./wasm/vector_code.ts";
