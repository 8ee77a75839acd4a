/** The colours of charts as the page has them now: light or dark, as `charts.css` and the tokens say. */

export interface Inks {
  /** Of series, in order; no two are told apart by colour alone. */
  readonly series: readonly [string, string, string, string, string];
  readonly ink: string;
  readonly faint: string;
  readonly line: string;
  readonly paper: string;
  readonly danger: string;
  readonly font: string;
  readonly size: number;
}

export function inksOfPage(): Inks {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string) => style.getPropertyValue(name).trim();
  return {
    series: [value("--chart-1"), value("--chart-2"), value("--chart-3"), value("--chart-4"), value("--chart-5")],
    ink: value("--ink"),
    faint: value("--ink-3"),
    line: value("--line"),
    paper: value("--paper"),
    danger: value("--danger"),
    font: getComputedStyle(document.body).fontFamily,
    size: Number.parseFloat(style.fontSize) * 0.85,
  };
}

/** A colour of the page, `#rrggbb`, that lets through what is below. */
export function thin(colour: string, share: number): string {
  const byte = Math.round(255 * share);
  return `${colour}${byte.toString(16).padStart(2, "0")}`;
}
