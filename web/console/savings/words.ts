/** The texts of this room and of the console. */

import { wordsWith } from "../words.ts";

export const { say } = await wordsWith({
  zh: async () => (await import("../../shared/texts/console-savings.zh.ts")).zh,
  en: async () => (await import("../../shared/texts/console-savings.en.ts")).en,
});
