/**
 * Vector code of kernels: expressions and statements of WebAssembly, and items that threads compute.
 *
 * @module
 */
export * from "./function_builder.ts";
export * from "./values.ts";
export * from "./vector_code.ts";
