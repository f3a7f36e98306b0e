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
export {
  DAWN_PACKAGE,
  DAWN_VARIABLE,
  dawnCommand,
  type DawnModule,
  type DawnOptions,
  loadDawn,
  loadDawnModule,
} from "../dawn/load_dawn.ts";
export { pacedPolls } from "../dawn/pace_polls.ts";
export * from "./apt_driver.ts";
export * from "./apt_sources.ts";
export * from "./machine.ts";
export * from "./set_up.ts";
export * from "../skip_exit_handlers.ts";
export * from "../vulkan_adapters.ts";
