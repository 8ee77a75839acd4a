/** Ant Design in the product's look: light or dark, usual or large type, as the reader chose. */

import { App, ConfigProvider } from "antd";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { language } from "../shared/language.ts";
import { chosenTheme, isLarge, setLarge, setTheme, type Theme } from "../shared/look.js";
import { themeOf } from "./theme.ts";

/** What the components say, in the reader's language alone. */
const { default: words } = await (language === "zh" ? import("antd/locale/zh_CN") : import("antd/locale/en_GB"));

interface Look {
  readonly theme: Theme;
  readonly isLarge: boolean;
  choose(theme: Theme): void;
  enlarge(large: boolean): void;
}

const LookContext = createContext<Look | null>(null);
const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";

export function useLook(): Look {
  const look = useContext(LookContext);
  if (look === null) throw new Error("outside of Looks");
  return look;
}

function shown() {
  return { theme: chosenTheme(), isLarge: isLarge(), isDark: document.documentElement.dataset.theme === "dark" };
}

export function Looks({ children }: { children: ReactNode }) {
  const [look, setLook] = useState(shown);
  useEffect(() => {
    // The device turns dark by itself; what is shown stands in the document.
    const watching = new MutationObserver(() => setLook(shown()));
    watching.observe(document.documentElement, { attributeFilter: ["data-theme", "data-type"] });
    return () => watching.disconnect();
  }, []);
  const value = { ...look, choose: setTheme, enlarge: setLarge };
  return (
    <LookContext value={value}>
      <ConfigProvider
        csp={{ nonce }}
        button={{ autoInsertSpace: false }}
        locale={words}
        theme={themeOf(look.isDark, look.isLarge)}
      >
        <App component={false}>{children}</App>
      </ConfigProvider>
    </LookContext>
  );
}
