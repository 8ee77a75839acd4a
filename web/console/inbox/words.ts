/** The texts of this room and of the console. */

import { wordsWith } from "../words.ts";

export const { say, texts } = await wordsWith({
  zh: async () => (await import("../../shared/texts/console-inbox.zh.ts")).zh,
  en: async () => (await import("../../shared/texts/console-inbox.en.ts")).en,
});
