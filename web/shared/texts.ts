/** Texts in the reader's language: typed ids, typed placeholders (`{name}`), from the product's catalogue. */

export type Language = "zh" | "en";

type Placeholders<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;

/** What fills a text's placeholders; nothing where it has none. */
export type Filling<Text extends string> = [Placeholders<Text>] extends [never]
  ? []
  : [{ readonly [Name in Placeholders<Text>]: string | number }];

export type Texts = { readonly [id: string]: string };

export type Say<Source extends Texts> = <Id extends keyof Source & string>(
  id: Id,
  ...filling: Filling<Source[Id]>
) => string;

/** A function that says a text in a language. `source` has the ids and their placeholders. */
export function sayer<const Source extends Texts>(
  source: Source,
  said: { readonly [Id in keyof Source]: string },
): Say<Source> {
  void source;
  return (id, ...[filling]) =>
    said[id].replace(/\{(\w+)\}/g, (whole, name: string) =>
      String((filling as Record<string, unknown> | undefined)?.[name] ?? whole),
    );
}

/** The language of `?lang=`, else the one that was chosen before, else the browser's; Chinese by default. */
export function chosenLanguage(asked: string | null, kept: string | null, browser: readonly string[]): Language {
  for (const tag of [asked, kept, ...browser]) {
    if (tag?.toLowerCase().startsWith("zh")) return "zh";
    if (tag?.toLowerCase().startsWith("en")) return "en";
  }
  return "zh";
}
