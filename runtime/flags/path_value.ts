/**
 * Schemas of flags that name a file or folder.
 *
 * @module
 */
import { z } from "zod";

/** Longest path that Linux opens, in bytes. */
const MAX_PATH = 4095;

/** A non-empty path; an empty shell variable would mean the root or the current folder. */
export const pathValue: z.ZodString = z.string().min(1).max(MAX_PATH)
  .refine((path) => !path.includes("\0"), "a path has no NUL character");
