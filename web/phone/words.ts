/** The texts of this application, in the language of the reader. */

import { en, zh } from "../shared/texts/phone.ts";
import { chosenLanguage, type Language, type Say, sayer } from "../shared/texts.ts";

export const LANGUAGE_KEY = "language";

export const language: Language = chosenLanguage(
  new URLSearchParams(location.search).get("lang"),
  localStorage.getItem(LANGUAGE_KEY),
  navigator.languages,
);

export const say: Say<typeof zh> = sayer(zh, language === "zh" ? zh : en);
