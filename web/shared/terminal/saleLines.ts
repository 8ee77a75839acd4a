/** Sale lines (section 6.5 of the page): what a till sells in one payment. */

/** A dish or article. Money in fen. */
export interface SaleLine {
  /** As the diner reads it on the receipt, 1 to 40 characters in one line, none of them hidden. */
  readonly article: string;
  /** Either this, */
  readonly portions?: number;
  /** or this. */
  readonly grams?: number;
  /** Of a portion, or of a kilogram. */
  readonly unit_price_fen: number;
  /** What the line costs: less than its quantity at its unit price is a discount. */
  readonly amount_fen: number;
  readonly take_away?: true;
}

const LINES_MAX = 20;
const ARTICLE_CHARACTERS_MAX = 40;
const PORTIONS_MAX = 999;
const GRAMS_MAX = 99_999;
const AMOUNT_MAX_FEN = 1_000_000;
/** Controls, formats and what is not seen; a variation selector is seen with the character before it. */
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u2800\ufdd0-\ufdef\ufff0-\uffff]|(?![\ufe00-\ufe0f\u{e0100}-\u{e01ef}])\p{Default_Ignorable_Code_Point}/u;
const MEMBERS = ["article", "portions", "grams", "unit_price_fen", "amount_fen", "take_away"];

/** What a line costs without a discount, in fen, rounded up; of a quantity at a unit price. */
export function fullPriceFen(line: Pick<SaleLine, "portions" | "grams" | "unit_price_fen">): number {
  if (line.portions !== undefined) return line.portions * line.unit_price_fen;
  return Math.ceil(((line.grams ?? 0) * line.unit_price_fen) / 1000);
}

/**
 * What is wrong with the lines of an amount; null when the centre takes them.
 *
 * A charge that the centre refuses as invalid is a diner who waits for nothing: a till checks before it sends.
 */
export function wrongLines(lines: readonly SaleLine[], amountFen: number | undefined): string | null {
  if (amountFen === undefined) return "lines without an amount";
  if (lines.length < 1 || lines.length > LINES_MAX) return `1 to ${LINES_MAX} lines`;
  const at = lines.findIndex((line) => !isLine(line));
  if (at >= 0) return `line ${at + 1}`;
  const sum = lines.reduce((total, line) => total + line.amount_fen, 0);
  return sum === amountFen ? null : `lines of ${sum} fen for an amount of ${amountFen} fen`;
}

function isLine(line: SaleLine): boolean {
  const quantity =
    line.portions === undefined ? isWithin(line.grams, 1, GRAMS_MAX) : isWithin(line.portions, 1, PORTIONS_MAX);
  return (
    (line.portions === undefined) !== (line.grams === undefined) &&
    quantity &&
    isOneLine(line.article, ARTICLE_CHARACTERS_MAX) &&
    isWithin(line.unit_price_fen, 0, AMOUNT_MAX_FEN) &&
    isWithin(line.amount_fen, 0, AMOUNT_MAX_FEN) &&
    line.amount_fen <= fullPriceFen(line) &&
    (line.take_away === undefined || line.take_away === true) &&
    Object.keys(line).every((name) => MEMBERS.includes(name))
  );
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
}

/** One line of text. Control, format and separating characters are not visible; a space is, between others. */
export function isOneLine(value: unknown, charactersMax: number): boolean {
  if (typeof value !== "string" || [...value].length > charactersMax) return false;
  return /\S/.test(value.replace(/\p{Variation_Selector}/gu, "")) && !HIDDEN.test(value);
}
