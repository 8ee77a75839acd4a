/** The figures of a chart: one table that is drawn, shown beside the picture, and saved. */

export type Value = string | number | null;

export interface Heading {
  readonly name: string;
  /** With its unit, where the cells have one. */
  readonly heading: string;
  /** Digits after the point; without it the cells are words. */
  readonly digits?: number;
}

export interface Figures {
  readonly columns: readonly Heading[];
  readonly rows: readonly (readonly Value[])[];
}

/** A cell as people read it. */
export function shownOf(column: Heading, value: Value): string {
  if (value === null) return "—";
  if (typeof value === "string" || column.digits === undefined) return String(value);
  return value.toLocaleString("en-US", { minimumFractionDigits: column.digits, maximumFractionDigits: column.digits });
}

/** The values of one column. */
export function columnOf(figures: Figures, name: string): Value[] {
  const at = figures.columns.findIndex((column) => column.name === name);
  return figures.rows.map((row) => row[at] ?? null);
}

/** What begins like a formula would be one in a spreadsheet; a negative number in digits is none. */
function safe(value: Value): string {
  const text = value === null ? "" : String(value);
  const isFormula = typeof value === "string" && /^[=+\-@\t\r]/.test(text) && !/^-\d+(\.\d+)?$/.test(text);
  const words = isFormula ? `'${text}` : text;
  return /[",\r\n]/.test(words) ? `"${words.replaceAll('"', '""')}"` : words;
}

/** CSV (RFC 4180), UTF-8 with a byte-order mark, as spreadsheets open it. */
export function csvOf(figures: Figures): Blob {
  const lines = [figures.columns.map((column) => column.heading), ...figures.rows];
  const text = lines.map((line) => line.map(safe).join(",")).join("\r\n");
  return new Blob([`\ufeff${text}\r\n`], { type: "text/csv" });
}
