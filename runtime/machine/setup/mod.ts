/**
 * Setup of a machine and detection of optional programs.
 *
 * @module
 */
export {
  isOnPath,
  missingProgram,
  type OptionalProgram,
  type ProgramOptions,
  type ProgramResult,
  tryProgram,
  tryProgramSync,
} from "../programs.ts";
export * from "./apt_driver.ts";
export * from "./apt_sources.ts";
export * from "./machine.ts";
export * from "./set_up.ts";
export * from "../skip_exit_handlers.ts";
export * from "../vulkan_adapters.ts";
