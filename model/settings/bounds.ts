/**
 * Bounds of configuration values: far above any trained model, and low enough that products of
 * several values stay exact.
 *
 * @module
 */
import { z } from "zod";

/** Largest width of a layer, number of heads, or factor between widths. */
export const MAX_WIDTH = 2 ** 20;

/** Maximum number of decoder layers; each is recorded, forward and backward. */
export const MAX_LAYERS = 256;

/** Maximum number of rows of a segment, memory or context, and of batch columns. */
export const MAX_LENGTH = 2 ** 20;

/** Maximum number of steps, segments and log intervals. */
export const MAX_STEPS = 1_000_000_000;

/** Largest symbol count of a vocabulary. */
export const MAX_VOCABULARY = 2 ** 30;

/** Largest rate, factor or deviation, limited by float32. */
export const MAX_RATE = 3.4e38;

/** Maximum number of cutoffs of the adaptive softmax. */
export const MAX_CUTOFFS = 64;

/** A width, from 1. */
export const widthValue: z.ZodInt = z.int().min(1).max(MAX_WIDTH);

/** A number of rows or columns, from 1. */
export const lengthValue: z.ZodInt = z.int().min(1).max(MAX_LENGTH);

/** A number of rows that may be 0. */
export const rowsValue: z.ZodInt = z.int().min(0).max(MAX_LENGTH);

/** A number of steps, from 1. */
export const stepsValue: z.ZodInt = z.int().min(1).max(MAX_STEPS);

/** A rate or factor that may be 0. */
export const rateValue: z.ZodNumber = z.number().min(0).max(MAX_RATE);

/** A seed: 32 bits, as the generators take it. */
export const seedValue: z.ZodInt = z.int().min(0).max(2 ** 32 - 1);
