export * from "./text/mod.ts";
