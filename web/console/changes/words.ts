/** The texts of differences and of the console. */

import { wordsWith } from "../words.ts";

export const { say } = await wordsWith({
  zh: async () => (await import("../../shared/texts/console-changes.zh.ts")).zh,
  en: async () => (await import("../../shared/texts/console-changes.en.ts")).en,
});
