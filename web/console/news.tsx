/** What has come since one looked last: a bell with its number, and on request a notification of the browser. */

import { useQuery } from "@tanstack/react-query";
import { Button, Dropdown } from "antd";
import { useEffect, useRef, useState } from "react";
import { useSession } from "./session.tsx";
import { linkToTask, TASKS, type Task, withMost } from "./tasks.ts";
import { say } from "./words.ts";

const NOTIFIES_KEY = "console.notifies";
const NONE: readonly Task[] = [];
/** Of each task how many waited when its owner looked last. */
type Seen = Readonly<Record<string, number>>;

function read(key: string): Seen {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}") as Seen;
  } catch {
    return {};
  }
}

function countsOf(tasks: readonly Task[]): Seen {
  return Object.fromEntries(tasks.map((task) => [task.name, task.count]));
}

/** Whether this person wants notifications on this device, and the browser lets us. */
function notifies(): boolean {
  return (
    "Notification" in window && Notification.permission === "granted" && localStorage.getItem(NOTIFIES_KEY) === "yes"
  );
}

export function News() {
  const { login } = useSession();
  const key = `console.seen.${login}`;
  const [seen, setSeen] = useState<Seen>(() => read(key));
  const [isOpen, open] = useState(false);
  const [wanted, want] = useState(notifies);
  // Asked for while nobody looks only by who wants to be told: else an idle session would never end.
  const tasks = useQuery({ ...TASKS, refetchIntervalInBackground: wanted }).data ?? NONE;
  const keep = (counts: Seen) => {
    localStorage.setItem(key, JSON.stringify(counts));
    setSeen(counts);
  };
  const freshOf = (task: Task) => Math.max(0, task.count - (seen[task.name] ?? 0));
  const fresh = tasks.reduce((sum, task) => sum + freshOf(task), 0);
  useNotification(wanted ? fresh : 0);
  useEffect(() => {
    // What was done meanwhile may come again, and is news then.
    if (!tasks.some((task) => task.count < (seen[task.name] ?? 0))) return;
    const counts = Object.fromEntries(tasks.map((task) => [task.name, Math.min(task.count, seen[task.name] ?? 0)]));
    localStorage.setItem(key, JSON.stringify(counts));
    setSeen(counts);
  }, [tasks, seen, key]);
  const look = (opens: boolean) => {
    open(opens);
    // Seen is what was on the screen: until the list closes it says what is new.
    if (!opens) keep(countsOf(tasks));
  };
  const toggle = async () => {
    const wants = !wanted && (await Notification.requestPermission()) === "granted";
    localStorage.setItem(NOTIFIES_KEY, wants ? "yes" : "no");
    want(wants);
  };
  const waiting = tasks.filter((task) => task.count > 0).sort((one, other) => freshOf(other) - freshOf(one));
  const rows = waiting.map((task) => ({
    key: task.name,
    label: (
      <a className="news" href={linkToTask(task)}>
        {task.title} <strong>{withMost(task.count)}</strong>
        {freshOf(task) > 0 && <em>{say("console.news.fresh", { count: freshOf(task) })}</em>}
      </a>
    ),
  }));
  const items = [
    ...(rows.length > 0 ? rows : [{ key: "none", label: say("console.home.none"), disabled: true }]),
    ...("Notification" in window
      ? [
          { type: "divider" as const },
          {
            key: "notify",
            label: say(wanted ? "console.news.stop" : "console.news.notify"),
            onClick: () => void toggle(),
          },
        ]
      : []),
  ];
  return (
    <Dropdown menu={{ items, selectable: false }} trigger={["click"]} open={isOpen} onOpenChange={look}>
      <Button type="text" aria-haspopup="menu" className="bell">
        {say("console.news.title")}
        {fresh > 0 && <strong className="fresh">{withMost(fresh)}</strong>}
      </Button>
    </Dropdown>
  );
}

/** Tells of more news while nobody looks at the page. */
function useNotification(fresh: number) {
  const told = useRef(fresh);
  useEffect(() => {
    if (fresh > told.current && document.hidden && notifies()) {
      const shown = new Notification(say("console.title"), {
        body: say("console.news.body", { count: fresh }),
        tag: "news",
      });
      shown.onclick = () => window.focus();
    }
    told.current = fresh;
  }, [fresh]);
}
