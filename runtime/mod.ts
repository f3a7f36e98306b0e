/** Values, recorder, autograd, plans and devices. @module */
export * from "./errors.ts";
