/** The product's tokens as Ant Design takes them. Values: `shared/tokens.css`; contrasts of WCAG 2.2 AA. */

import { type ThemeConfig, theme } from "antd";

const LIGHT = {
  colorPrimary: "#14694a",
  colorLink: "#14694a",
  colorError: "#b3190f",
  colorWarning: "#a34a00",
  colorTextBase: "#16211c",
  colorBgBase: "#ffffff",
  colorTextDescription: "#5e6a64",
  colorTextTertiary: "#5e6a64",
  colorTextPlaceholder: "#5e6a64",
} as const;
const DARK = {
  colorPrimary: "#5cc39a",
  colorLink: "#5cc39a",
  colorError: "#ff8a80",
  colorWarning: "#f2a65a",
  colorTextBase: "#e9efec",
  colorBgBase: "#17201c",
  colorTextDescription: "#97a39d",
  colorTextTertiary: "#97a39d",
  colorTextPlaceholder: "#97a39d",
} as const;
const DARK_ON_ACCENT = "#06140e";
const SECOND_INK = { light: "#47544d", dark: "#b9c4be" } as const;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export function themeOf(isDark: boolean, isLarge: boolean): ThemeConfig {
  return {
    algorithm: isDark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: {
      ...(isDark ? DARK : LIGHT),
      fontFamily: "var(--font)",
      fontSize: isLarge ? 20 : 15,
      controlHeight: isLarge ? 60 : 38,
      borderRadius: 8,
      motion: !calm.matches,
    },
    components: {
      Segmented: { itemColor: isDark ? SECOND_INK.dark : SECOND_INK.light },
      ...(isDark && { Button: { primaryColor: DARK_ON_ACCENT, dangerColor: DARK_ON_ACCENT } }),
    },
  };
}
