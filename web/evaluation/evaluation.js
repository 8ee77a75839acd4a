// Signs a person in and shows a quarter's evaluations by peer group: score with its interval, grade, points, and flags.
const TEXTS = {
  zh: {
    tag: "zh-Hans-CN",
    other: "English",
    title: "机关食堂一卡通　成效评估",
    heading: "反食品浪费工作成效评估",
    login: "用户名",
    password: "密码",
    signIn: "登录",
    signInFirst: "请登录后查看",
    signedIn: (login) => `当前用户：${login}`,
    signOut: "退出登录",
    quarter: "季度",
    quarterName: (year, quarter) => `${year}年第${"一二三四"[quarter - 1]}季度`,
    state: (count, frozen) => `共${count}家食堂，结果${frozen ? "已核定" : "未核定，可能变化"}`,
    none: "该季度尚未评估",
    notYet: (until) => `该季度数据截至${until}仍可更正和补报，其后方可查看得分`,
    serving: { buffet: "自助餐", set_meal: "份餐", a_la_carte: "零点" },
    group: (serving, scheme) => `${serving}（方案${scheme}）`,
    rank: (rank) => `第${rank}名`,
    rankBetween: (low, high) => `名次区间${low}—${high}`,
    noRank: "不排名",
    interval: (low, high) => `95%区间${low}—${high}`,
    verify: "等级待核实",
    vetoed: "一票否决",
    flags: (count) => `${count}项提示`,
    noFlags: "无提示",
    points: "指标得分",
    indicator: "指标",
    value: "测定值",
    score: "得分",
    full: "满分",
    capped: "已封顶",
    missing: "未提供依据",
    corrected: "按复称结果校正",
    from: { measured: "测定", inspector: "抽查", self: "自评" },
    states: { open: "待处理", upheld: "已确认", dismissed: "已排除" },
    days: (first, last) => (first === last ? first : `${first}至${last}`),
    meals: { breakfast: "早餐", lunch: "午餐", dinner: "晚餐" },
    rows: (count) => `涉及${count}条记录`,
    uphold: "确认",
    dismiss: "排除",
    note: "处理说明",
    bar: (score) => `得分${score}`,
  },
  en: {
    tag: "en",
    other: "中文",
    title: "onecard: evaluation",
    heading: "Evaluation of anti-food-waste work",
    login: "User name",
    password: "Password",
    signIn: "Sign in",
    signInFirst: "Sign in to see the evaluations",
    signedIn: (login) => `Signed in as ${login}`,
    signOut: "Sign out",
    quarter: "Quarter",
    quarterName: (year, quarter) => `Q${quarter} ${year}`,
    state: (count, frozen) => `${count} canteens; the results are ${frozen ? "frozen" : "not frozen and may change"}`,
    none: "This quarter has not been evaluated",
    notYet: (until) => `Data of this quarter can be changed until ${until}; scores are shown after that`,
    serving: { buffet: "Buffets", set_meal: "Set meals", a_la_carte: "À la carte" },
    group: (serving, scheme) => `${serving} (scheme ${scheme})`,
    rank: (rank) => `No. ${rank}`,
    rankBetween: (low, high) => `between ${low} and ${high}`,
    noRank: "not ranked",
    interval: (low, high) => `95 % interval ${low} to ${high}`,
    verify: "grade to be verified",
    vetoed: "vetoed",
    flags: (count) => (count === 1 ? "1 flag" : `${count} flags`),
    noFlags: "no flags",
    points: "Points by indicator",
    indicator: "Indicator",
    value: "Value",
    score: "Points",
    full: "of",
    capped: "capped",
    missing: "no evidence",
    corrected: "corrected by weighing again",
    from: { measured: "measured", inspector: "inspected", self: "own score" },
    states: { open: "open", upheld: "upheld", dismissed: "dismissed" },
    days: (first, last) => (first === last ? first : `${first} to ${last}`),
    meals: { breakfast: "breakfast", lunch: "lunch", dinner: "dinner" },
    rows: (count) => (count === 1 ? "1 record" : `${count} records`),
    uphold: "Uphold",
    dismiss: "Dismiss",
    note: "Reason",
    bar: (score) => `Score ${score}`,
  },
};
const QUARTERS_SHOWN = 6;
const SVG = "http://www.w3.org/2000/svg";
const state = document.getElementById("state");
const form = document.getElementById("sign-in");
const quarters = document.querySelector("#quarter select");
let language = document.documentElement.lang === "en" ? "en" : "zh";
let token = "";
let login = "";
let shown = null;
let flags = [];

function say(text, wrong = false) {
  state.textContent = text;
  state.className = wrong ? "wrong" : "";
}

async function ask(method, path, message) {
  const headers = { "content-type": "application/json", "accept-language": TEXTS[language].tag };
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(path, { method, headers, body: message && JSON.stringify(message) });
  if (answer.status === 204) return null;
  const told = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.title), { status: answer.status });
  return told;
}

function made(name, className, ...content) {
  const element = document.createElement(name);
  element.className = className;
  element.append(...content);
  return element;
}

// The last quarters that are over, the latest first, by their first days.
function fillQuarters() {
  const now = new Date();
  let [year, quarter] = [now.getFullYear(), Math.floor(now.getMonth() / 3) + 1];
  const chosen = quarters.value;
  quarters.replaceChildren();
  for (let n = 0; n < QUARTERS_SHOWN; n += 1) {
    [year, quarter] = quarter === 1 ? [year - 1, 4] : [year, quarter - 1];
    const first = `${year}-${String(3 * quarter - 2).padStart(2, "0")}-01`;
    quarters.append(new Option(TEXTS[language].quarterName(year, quarter), first));
  }
  if (chosen) quarters.value = chosen;
}

function lastDay(first) {
  const [year, month] = first.split("-").map(Number);
  return new Date(Date.UTC(year, month + 2, 0)).toISOString().slice(0, 10);
}

function bar(one) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 100 16");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", TEXTS[language].bar(one.score ?? "—"));
  const parts = [["ground", 0, 4, 100, 8]];
  if (one.score !== null) parts.push(["score", 0, 4, one.score, 8]);
  if (one.low !== null) parts.push(["interval", one.low, 7, Math.max(one.high - one.low, 0.3), 2]);
  for (const [className, x, y, width, height] of parts) {
    const rect = document.createElementNS(SVG, "rect");
    for (const [name, value] of Object.entries({ class: className, x, y, width, height })) rect.setAttribute(name, value);
    svg.append(rect);
  }
  return svg;
}

function rank(one) {
  const texts = TEXTS[language];
  if (one.rank === null) return made("div", "rank", made("small", "", texts.noRank));
  const place = made("div", "rank", made("strong", "", texts.rank(one.rank)));
  if (one.rank_low != null) place.append(made("small", "", texts.rankBetween(one.rank_low, one.rank_high)));
  return place;
}

function figures(one) {
  const texts = TEXTS[language];
  const box = made("div", "figures", made("strong", "", one.score === null ? "—" : one.score.toFixed(1)), " ");
  const grade = language === "zh" ? one.grade_zh : one.grade_en;
  if (grade) box.append(made("span", "pill", grade), " ");
  if (one.to_verify) box.append(made("span", "pill verify", texts.verify), " ");
  if (one.vetoed) box.append(made("span", "pill wrong", texts.vetoed));
  if (one.low !== null) box.append(made("small", "", texts.interval(one.low.toFixed(1), one.high.toFixed(1))));
  return box;
}

function points(one) {
  const texts = TEXTS[language];
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  for (const [text, className] of [[texts.indicator, ""], [texts.value, "number"], [texts.score, "number"], [texts.full, "number"]])
    head.append(made("th", className, text));
  const body = table.createTBody();
  for (const point of one.points) {
    const row = body.insertRow();
    const notes = [point.source && texts.from[point.source], point.capped && texts.capped, point.missing && texts.missing, point.corrected && texts.corrected];
    row.append(
      made("td", "", `${point.code} ${language === "zh" ? point.name_zh : point.name_en}`, made("small", "", notes.filter(Boolean).join(" · "))),
      made("td", "number", point.value === null ? "—" : String(Math.round(point.value * 1000) / 1000)),
      made("td", "number", point.points === null ? "—" : point.points.toFixed(2)),
      made("td", "number", String(point.possible)),
    );
  }
  return made("details", "", made("summary", "", texts.points), table);
}

function flagItem(flag) {
  const texts = TEXTS[language];
  const meal = flag.meal ? ` · ${texts.meals[flag.meal]}` : "";
  const facts = [texts.days(flag.first_day, flag.last_day) + meal, texts.states[flag.state]];
  if (flag.rows.length) facts.push(texts.rows(flag.rows.length));
  if (flag.note) facts.push(`${flag.reviewed_by}: ${flag.note}`);
  const item = made("li", flag.state, flag.text, " ", made("small", "", facts.join(" · ")));
  if (flag.state !== "open") return item;
  const note = made("input", "");
  note.placeholder = texts.note;
  note.setAttribute("aria-label", texts.note);
  const buttons = [[texts.uphold, true], [texts.dismiss, false]].map(([text, uphold]) => {
    const button = made("button", "", text);
    button.type = "button";
    button.addEventListener("click", () => review(flag, uphold, note));
    return button;
  });
  item.append(made("div", "", note), made("div", "", ...buttons));
  return item;
}

async function review(flag, uphold, note) {
  if (!note.value.trim()) return note.focus();
  try {
    await ask("POST", `/waste/flags/${flag.flag_id}/review`, { uphold, note: note.value.trim() });
  } catch (error) {
    return say(error.message, true);
  }
  await refresh();
}

function canteen(one) {
  const texts = TEXTS[language];
  const mine = flags.filter((flag) => flag.canteen_id === one.canteen_id);
  const head = made("div", "head", rank(one), made("div", "name", language === "zh" ? one.name_zh : one.name_en), bar(one), figures(one));
  const found = mine.filter((flag) => flag.state !== "dismissed").length;
  const box = made("article", "", head);
  if (mine.length) {
    const details = made("details", "", made("summary", "", texts.flags(found)), made("ul", "flags", ...mine.map(flagItem)));
    details.dataset.canteen = one.canteen_id;
    box.append(details);
  }
  box.append(points(one));
  return box;
}

function draw() {
  const texts = TEXTS[language];
  document.documentElement.lang = texts.tag;
  document.title = texts.title;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = texts[element.dataset.text];
  const switcher = document.getElementById("language");
  switcher.textContent = texts.other;
  switcher.lang = language === "zh" ? "en" : "zh-Hans-CN";
  document.getElementById("who").textContent = texts.signedIn(login);
  fillQuarters();
  const found = document.getElementById("found");
  const open = new Set([...found.querySelectorAll("details[open][data-canteen]")].map((one) => one.dataset.canteen));
  found.replaceChildren();
  found.hidden = shown === null;
  if (shown === null) return token || say(texts.signInFirst);
  let group = "";
  for (const one of shown.evaluations) {
    const mine = texts.group(texts.serving[one.serving], one.scheme);
    if (mine !== group) found.append(made("h2", "", mine));
    group = mine;
    found.append(canteen(one));
  }
  for (const one of found.querySelectorAll("details[data-canteen]")) one.open = open.has(one.dataset.canteen);
  if (shown.evaluations.length) return say(texts.state(shown.evaluations.length, shown.frozen));
  say(shown.evaluated ? texts.notYet(shown.closed_after) : texts.none);
}

// Shows who is signed in, or the form.
function drawSession() {
  form.hidden = Boolean(token);
  document.getElementById("session").hidden = !token;
  document.getElementById("quarter").hidden = !token;
  draw();
}

async function signOut() {
  const ended = ask("DELETE", "/console/sessions/current");
  token = login = "";
  shown = null;
  flags = [];
  form.reset();
  drawSession();
  form.elements.login.focus();
  try {
    await ended;
  } catch (error) {
    say(error.message, true);
  }
}

// Flags are for supervisors; others see their results without them.
async function askFlags(first) {
  try {
    return await ask("GET", `/waste/flags?first=${first}&last=${lastDay(first)}`);
  } catch (error) {
    if (error.status === 403) return [];
    throw error;
  }
}

async function refresh() {
  const [asked, first] = [token, quarters.value];
  try {
    const told = await Promise.all([ask("GET", `/waste/evaluations/${first}`), askFlags(first)]);
    if (token !== asked || quarters.value !== first) return;
    [shown, flags] = told;
    draw();
  } catch (error) {
    if (token !== asked) return;
    shown = null;
    draw();
    say(error.status === 404 ? TEXTS[language].none : error.message, error.status !== 404);
  }
}

document.getElementById("sign-out").addEventListener("click", signOut);

quarters.addEventListener("change", refresh);

document.getElementById("language").addEventListener("click", async () => {
  language = language === "zh" ? "en" : "zh";
  draw();
  if (token) await refresh();
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(form));
  try {
    token = (await ask("POST", "/console/sessions", given)).token;
    login = given.login;
  } catch (error) {
    token = "";
    return say(error.message, true);
  }
  drawSession();
  await refresh();
});

draw();
