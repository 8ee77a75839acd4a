/** How the holder wants this application to look. */

import { useState } from "preact/hooks";
import { changeLanguage, otherLanguage } from "../shared/language.ts";
import { chosenTheme, isLarge, setLarge, setTheme, THEMES } from "../shared/look.js";
import { say } from "./words.ts";

export function TypeSwitch() {
  const [large, setShown] = useState(isLarge);
  const change = () => {
    setLarge(!large);
    setShown(!large);
  };
  return (
    <button type="button" class="plain" aria-pressed={large} onClick={change}>
      {say(large ? "phone.look.usual" : "phone.look.large")}
    </button>
  );
}

export function LanguageSwitch() {
  return (
    <button type="button" class="plain" lang={otherLanguage} onClick={changeLanguage}>
      {otherLanguage === "en" ? "English" : "中文"}
    </button>
  );
}

export function ThemeChoice() {
  const [theme, setShown] = useState(chosenTheme);
  return (
    <fieldset class="three">
      <legend>{say("phone.look.theme")}</legend>
      {THEMES.map((name) => (
        <label key={name}>
          <input
            type="radio"
            name="theme"
            checked={theme === name}
            onChange={() => {
              setTheme(name);
              setShown(name);
            }}
          />
          {say(`phone.look.${name}`)}
        </label>
      ))}
    </fieldset>
  );
}
