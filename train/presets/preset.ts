/**
 * The type of a preset.
 *
 * @module
 */

/** Values of one preset, by key of the training schema. */
export type Preset = Readonly<Record<string, string | number | boolean | readonly number[]>>;

/** Presets by name. */
export type Presets = Readonly<Record<string, Preset>>;
