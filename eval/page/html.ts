/**
 * Parts of pages of HTML: escaped text, tables, values as text.
 *
 * @module
 */

/** Text inside HTML. */
export function escapeHtml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  // Control characters other than white space are not allowed in HTML; U+0000 is replaced too.
  return text.replaceAll(/[&<>"]/g, (mark) => names[mark]!)
    // deno-lint-ignore no-control-regex -- they are what is replaced
    .replaceAll(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g, "\ufffd");
}

/** A setting or fact as text. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return "none";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(valueText).join(", ");
  if (typeof value === "object") {
    return Object.entries(value).map(([key, inner]) => `${key} ${valueText(inner)}`).join(", ");
  }
  return String(value);
}

/** Two columns of names and values. */
export function factsTable(facts: readonly (readonly [name: string, value: unknown])[]): string {
  const rows = facts.map(([name, value]) =>
    `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(valueText(value))}</td></tr>`
  );
  return tableHtml("facts", rows.join("\n"));
}

/** A table that scrolls where it is wider than the page; an empty `className` is none. */
export function tableHtml(className: string, content: string): string {
  return `<div class="table"><table${
    className === "" ? "" : ` class="${className}"`
  }>${content}</table></div>`;
}
