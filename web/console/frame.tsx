/** The frame of every page: who one is, where one may go, one field that finds things. */

import { Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { Button, Dropdown } from "antd";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { changeLanguage, inMine, language, tag } from "../shared/language.ts";
import { THEMES } from "../shared/look.js";
import { forgetAll, tellSession } from "../shared/signedIn.js";
import { AREAS } from "./areas.ts";
import { centre, held, inSession, pageOfSignIn } from "./centre.ts";
import { linkTo } from "./links.ts";
import { useLists } from "./lists/lists.ts";
import { useLook } from "./looks.tsx";
import { useNames } from "./names.ts";
import { News } from "./news.tsx";
import { useSession } from "./session.tsx";
import { say } from "./words.ts";

export function Frame() {
  const [isOpen, open] = useState(false);
  const content = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  useEffect(() => {
    void pathname;
    open(false);
  }, [pathname]);
  return (
    <div className={isOpen ? "frame open" : "frame"}>
      <button type="button" className="skip" onClick={() => content.current?.focus()}>
        {say("console.skip")}
      </button>
      <header>
        <Button className="opener" aria-expanded={isOpen} aria-controls="menu" onClick={() => open(!isOpen)}>
          {say("console.me.menu")}
        </Button>
        <Finder />
        <Me />
      </header>
      <Menu current={pathname} />
      <main ref={content} tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  );
}

function Menu({ current }: { current: string }) {
  const { permissions, role } = useSession();
  const lists = useLists().data ?? [];
  const linkOf = (path: string, title: string) => {
    const isHere = current === path || current.startsWith(`${path}/`);
    return (
      <li key={path}>
        <a href={linkTo(path)} aria-current={isHere ? "page" : undefined}>
          {title}
        </a>
      </li>
    );
  };
  return (
    <nav id="menu" aria-label={say("console.me.menu")}>
      <a className="brand" href={linkTo("/")}>
        onecard
      </a>
      <ul>
        <li>
          <a href={linkTo("/")} aria-current={current === "/" ? "page" : undefined}>
            {say("console.area.home")}
          </a>
        </li>
      </ul>
      {AREAS.map((area) => {
        const own = area.lists.flatMap((path) => lists.find((list) => list.path === path) ?? []);
        const pages = area.pages.filter(([, permission]) => permissions.has(permission));
        const views = (area.views ?? []).filter(([, permission]) => permissions.has(permission));
        if (own.length + pages.length + views.length === 0) return null;
        const paths = [...own.map((list) => list.path), ...views.map(([path]) => path)];
        const isOpen = area.roles.includes(role) || paths.some((path) => current.startsWith(path));
        return (
          <details key={area.title} open={isOpen}>
            <summary>{say(area.title)}</summary>
            <ul>
              {views.map(([path, , title]) => linkOf(path, say(title)))}
              {pages.map(([path, , title]) => (
                <li key={path}>
                  <a href={`${path}?lang=${tag}`}>{say(title)}</a>
                </li>
              ))}
              {own.map((list) => linkOf(list.path, list.title))}
            </ul>
          </details>
        );
      })}
    </nav>
  );
}

function Finder() {
  const navigate = useNavigate();
  const [words, setWords] = useState("");
  const find = (event: FormEvent) => {
    event.preventDefault();
    if (words.trim()) void navigate({ to: "/search", search: { words: words.trim() } as never });
  };
  return (
    <search>
      <form className="finder" onSubmit={find}>
        <input
          type="search"
          aria-label={say("console.search.label")}
          placeholder={say("console.search.label")}
          maxLength={100}
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
        <Button htmlType="submit">{say("console.search.find")}</Button>
      </form>
    </search>
  );
}

function Me() {
  const person = useSession();
  const look = useLook();
  const names = useNames();
  const where = person.agency_id === null ? say("console.me.all_agencies") : names.agency(person.agency_id);
  const signOut = async () => {
    await inSession(() => held(centre.DELETE("/console/sessions/current")));
    tellSession(null);
    await forgetAll();
    location.assign(pageOfSignIn("/sign-on"));
  };
  const themes = THEMES.map((theme) => ({
    key: theme,
    label: say(`console.me.theme.${theme}`),
    onClick: () => look.choose(theme),
  }));
  const items = [
    { key: "account", label: <a href={pageOfSignIn("/account")}>{say("console.me.account")}</a> },
    { key: "sessions", label: <a href={linkTo("/sessions")}>{say("console.me.sessions")}</a> },
    { key: "theme", label: say("console.me.theme"), children: themes },
    { key: "large", label: say("console.me.large"), onClick: () => look.enlarge(!look.isLarge) },
    { key: "about", label: <a href={linkTo("/about")}>{say("console.me.about")}</a> },
    { key: "out", label: say("console.me.sign_out"), onClick: signOut },
  ];
  return (
    <div className="me">
      <News />
      <Button type="text" lang={language === "zh" ? "en" : "zh-Hans"} onClick={changeLanguage}>
        {language === "zh" ? "English" : "中文"}
      </Button>
      <Dropdown menu={{ items, selectable: false }} trigger={["click"]}>
        <Button type="text" aria-haspopup="menu">
          <span className="who">
            <strong>{person.login}</strong>
            <small>
              {inMine(person.roleName.zh, person.roleName.en)} · {where}
            </small>
          </span>
        </Button>
      </Dropdown>
    </div>
  );
}
