/**
 * Elements of SVG pictures: colors, fonts, escaped text and the card that frames a picture.
 *
 * @module
 */
import { markOf } from "@transformer-xl/eval/page";

/** Colors of all pictures, on a dark card that suits light and dark pages. */
export const COLORS = {
  card: "#0d1321",
  bar: "#151d30",
  edge: "#26314a",
  grid: "#1f2940",
  text: "#d6deeb",
  dim: "#7d8ba8",
  prompt: "#8bd5a0",
  train: "#5aa9f8",
  valid: "#ffb454",
  test: "#f07b9d",
  runs: ["#5aa9f8", "#ffb454", "#8bd5a0", "#f07b9d", "#c3a6ff", "#5ccfe6", "#e6c07b", "#a3b1cc"],
} as const;

/** Fonts, by what they are used for. */
export const FONTS = {
  mono: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  sans: "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
} as const;

/** Text as XML character data. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** A complete SVG file with a rounded card behind `content`. */
export function card(
  { width, height, title }: { readonly width: number; readonly height: number; title: string },
  content: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
    `width="${width}" height="${height}" role="img" ` +
    `aria-label="${escaped(title)}" ${markOf("picture")}>`,
    `<title>${escaped(title)}</title>`,
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10" ` +
    `fill="${COLORS.card}" stroke="${COLORS.edge}"/>`,
    ...content,
    "</svg>",
    "",
  ].join("\n");
}
