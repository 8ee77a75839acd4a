/** The texts of this room and of the console. */

import { wordsWith } from "../words.ts";

export const { say } = await wordsWith({
  zh: async () => (await import("../../shared/texts/console-bulletins.zh.ts")).zh,
  en: async () => (await import("../../shared/texts/console-bulletins.en.ts")).en,
});
