// Shows a quarter's evaluations by peer group: score with its interval, grade, points, and flags.
import { ask, begin, explain, speak } from "./session.js";

const TEXTS = {
  zh: {
    tag: "zh-Hans-CN",
    other: "English",
    title: "机关食堂一卡通　成效评估",
    heading: "反食品浪费工作成效评估",
    signInFirst: "请登录后查看",
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
    flags: (count, open) => (open === count ? `${count}项提示` : `${count}项提示（待处理${open}项）`),
    points: "指标得分",
    indicator: "指标",
    value: "数值",
    score: "得分",
    full: "分值",
    sum: "合计",
    sumIs: (got, possible, score) => `总分：100×${got}÷${possible}＝${score}`,
    bounds: (target, limit) => `满分值${target}，零分值${limit}`,
    grams: (value) => `${value}克/人次`,
    leftOut: "无法计算，不计入总分",
    fewBookings: (least) => `预约不足${least}次，不计入总分`,
    fewCases: (least) => `到期事项不足${least}件，不计入总分`,
    capped: "已封顶",
    missing: "未提供依据",
    corrected: "按复称结果校正",
    from: { measured: "测定", inspector: "抽查", self: "自评" },
    states: { open: "待处理", upheld: "已确认", dismissed: "已排除" },
    days: (first, last) => (first === last ? first : `${first}至${last}`),
    meals: { breakfast: "早餐", lunch: "午餐", dinner: "晚餐" },
    streams: { preparation: "加工损耗", unserved: "备餐剩余（未取用）", plate: "餐盘剩余", inedible: "不可食部分", prepared: "备餐总量" },
    rows: (count) => `涉及${count}条记录`,
    uphold: "确认",
    dismiss: "排除",
    together: (count) => `以上${count}项同类提示一并处理`,
    upholdAll: (count) => `全部确认（${count}项）`,
    dismissAll: (count) => `全部排除（${count}项）`,
    note: "处理说明",
    noteFirst: "请先填写处理说明",
    file: "申诉卷（PDF）",
    integrity: "称重数据核查",
    bulletins: "通报",
    bar: (score) => `得分${score}`,
  },
  en: {
    tag: "en",
    other: "中文",
    title: "onecard: evaluation",
    heading: "Evaluation of anti-food-waste work",
    signInFirst: "Sign in to see the evaluations",
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
    flags: (count, open) => `${count === 1 ? "1 flag" : `${count} flags`}${open === count ? "" : `, ${open} of them open`}`,
    points: "Points by indicator",
    indicator: "Indicator",
    value: "Value",
    score: "Points",
    full: "of",
    sum: "Sum",
    sumIs: (got, possible, score) => `Score: 100 × ${got} ÷ ${possible} = ${score}`,
    bounds: (target, limit) => `all points at ${target}, none at ${limit}`,
    grams: (value) => `${value} g per cover`,
    leftOut: "left out: cannot be computed",
    fewBookings: (least) => `left out: fewer than ${least} bookings`,
    fewCases: (least) => `left out: fewer than ${least} cases due`,
    capped: "capped",
    missing: "no evidence",
    corrected: "corrected by weighing again",
    from: { measured: "measured", inspector: "inspected", self: "own score" },
    states: { open: "open", upheld: "upheld", dismissed: "dismissed" },
    days: (first, last) => (first === last ? first : `${first} to ${last}`),
    meals: { breakfast: "breakfast", lunch: "lunch", dinner: "dinner" },
    streams: { preparation: "preparation waste", unserved: "unserved", plate: "plate waste", inedible: "inedible parts", prepared: "prepared food" },
    rows: (count) => (count === 1 ? "1 record" : `${count} records`),
    uphold: "Uphold",
    dismiss: "Dismiss",
    together: (count) => `All ${count} like these`,
    upholdAll: (count) => `Uphold all ${count}`,
    dismissAll: (count) => `Dismiss all ${count}`,
    note: "Reason",
    noteFirst: "Give a reason first",
    file: "Appeal file (PDF)",
    integrity: "Integrity of weights",
    bulletins: "Bulletins",
    bar: (score) => `Score ${score}`,
  },
};
const QUARTERS_SHOWN = 6;
const KEPT_MS = 60000;
const SVG = "http://www.w3.org/2000/svg";
const state = document.getElementById("state");
const quarters = document.querySelector("#quarter select");
let language = document.documentElement.lang === "en" ? "en" : "zh";
let person = null;
let shown = null;
let flags = [];
let supervises = false;

function say(text, wrong = false) {
  state.textContent = text;
  state.className = wrong ? "wrong" : "";
}

function made(name, className, ...content) {
  const element = document.createElement(name);
  element.className = className;
  element.append(...content);
  return element;
}

// The last quarters that are over, the latest first, by their first days.
function fillQuarters() {
  // By the centre's clock: a device may keep another zone's.
  const now = new Date(Date.now() + 8 * 3600e3);
  let [year, quarter] = [now.getUTCFullYear(), Math.floor(now.getUTCMonth() / 3) + 1];
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
  if (one.rank_low !== one.rank_high) place.append(made("small", "", texts.rankBetween(one.rank_low, one.rank_high)));
  return place;
}

function figures(one) {
  const texts = TEXTS[language];
  const box = made("div", "figures", made("strong", "", one.score === null ? "—" : one.score.toFixed(1)), " ");
  const grade = language === "zh" ? one.grade_zh : one.grade_en;
  if (grade) box.append(made("span", one.failed ? "pill wrong" : "pill", grade), " ");
  if (one.to_verify) box.append(made("span", "pill verify", texts.verify), " ");
  if (one.vetoed) box.append(made("span", "pill wrong", texts.vetoed));
  if (one.low !== null) box.append(made("small", "", texts.interval(one.low.toFixed(1), one.high.toFixed(1))));
  return box;
}

function percent(share) {
  return `${Number((100 * share).toPrecision(4))}%`.replace("-", "−");
}

function valueOf(point, value) {
  return point.measure === "grams_per_cover" ? TEXTS[language].grams(Number(value.toFixed(1))) : percent(value);
}

// Where an indicator has all of its points, or none; of the kinds of meals if each has its own.
function bounds(point) {
  const texts = TEXTS[language];
  if (point.target !== null) return texts.bounds(percent(point.target), percent(point.limit));
  return Object.entries(point.meals).map(([meal, band]) => `${texts.meals[meal]} ${texts.bounds(band.target, band.limit)}`).join(" · ");
}

function leftOut(point) {
  const texts = TEXTS[language];
  if (!point.least) return texts.leftOut;
  return (point.measure === "bookings_kept" ? texts.fewBookings : texts.fewCases)(point.least);
}

// What a point rests on, and where it is full. Without points it rests on nothing that was measured.
function notesOf(point) {
  const texts = TEXTS[language];
  if (point.points === null) return [leftOut(point)];
  const marks = [point.capped && texts.capped, point.missing && texts.missing, point.corrected && texts.corrected];
  return [point.source && texts.from[point.source], ...marks, point.source === "measured" && bounds(point)].filter(Boolean);
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
    row.append(
      made("td", "", `${point.code} ${language === "zh" ? point.name_zh : point.name_en}`, made("small", "", notesOf(point).join(" · "))),
      made("td", "number", point.value === null ? "—" : valueOf(point, point.value)),
      made("td", "number", point.points === null ? "—" : point.points.toFixed(2)),
      made("td", "number", point.points === null ? "—" : String(point.possible)),
    );
  }
  const counted = one.points.filter((point) => point.points !== null);
  if (counted.length) {
    const got = counted.reduce((sum, point) => sum + point.points, 0).toFixed(2);
    const possible = String(counted.reduce((sum, point) => sum + point.possible, 0));
    const said = made("small", "", texts.sumIs(got, possible, one.score.toFixed(1)));
    table.createTFoot().insertRow().append(made("th", "", texts.sum, said), made("th", ""), made("th", "number", got), made("th", "number", possible));
  }
  return made("details", "", made("summary", "", texts.points), table);
}

// A reason, and buttons that uphold or dismiss some flags for it.
function decision(some, uphold, dismiss) {
  const texts = TEXTS[language];
  const note = made("input", "");
  note.placeholder = texts.note;
  note.setAttribute("aria-label", texts.note);
  const hint = made("small", "wrong");
  hint.setAttribute("role", "alert");
  const buttons = [[uphold, true], [dismiss, false]].map(([text, upheld]) => {
    const button = made("button", "", text);
    button.type = "button";
    button.addEventListener("click", () => {
      if (note.value.trim()) return review(some, upheld, note.value.trim());
      hint.textContent = texts.noteFirst;
      note.focus();
    });
    return button;
  });
  return [made("div", "", note, hint), made("div", "", ...buttons)];
}

function flagItem(flag) {
  const texts = TEXTS[language];
  const facts = [flag.stream && texts.streams[flag.stream], flag.meal && texts.meals[flag.meal], texts.days(flag.first_day, flag.last_day), texts.states[flag.state]];
  if (flag.rows.length) facts.push(texts.rows(flag.rows.length));
  if (flag.note) facts.push(`${flag.reviewed_by}: ${flag.note}`);
  const item = made("li", flag.state, flag.text, " ", made("small", "", facts.filter(Boolean).join(" · ")));
  if (flag.state === "open") item.append(...decision([flag], texts.uphold, texts.dismiss));
  return item;
}

// Open flags first, those of one rule, stream and meal together by their days; several open ones can be decided at once.
function flagList(mine) {
  const texts = TEXTS[language];
  const kind = (flag) => [flag.state === "open" ? 0 : 1, flag.rule, flag.stream, flag.meal].join(" ");
  const groups = new Map();
  for (const flag of mine) groups.set(kind(flag), [...(groups.get(kind(flag)) ?? []), flag]);
  const list = made("ul", "flags");
  for (const [, some] of [...groups].sort(([one], [other]) => (one < other ? -1 : 1))) {
    some.sort((one, other) => (one.first_day < other.first_day ? -1 : 1));
    list.append(...some.map(flagItem));
    const count = some.length;
    if (count > 1 && some[0].state === "open")
      list.append(made("li", "together", texts.together(count), ...decision(some, texts.upholdAll(count), texts.dismissAll(count))));
  }
  return list;
}

async function review(some, uphold, note) {
  let wrong = null;
  try {
    for (const flag of some) await ask("POST", `/waste/flags/${flag.flag_id}/review`, { uphold, note });
  } catch (error) {
    wrong = error;
  }
  await refresh();
  if (wrong) say(explain(wrong), true);
}

// A link to a file that only who is signed in may have.
function appealFile(one) {
  const button = made("button", "link", TEXTS[language].file);
  button.type = "button";
  button.addEventListener("click", async () => {
    try {
      const file = await ask("GET", `/waste/evaluations/${shown.quarter}/canteens/${one.canteen_id}/file?lang=${language}`);
      const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: `appeal-file-${shown.quarter}-${one.canteen_id}.pdf` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
    } catch (error) {
      say(explain(error), true);
    }
  });
  return button;
}

function canteen(one) {
  const texts = TEXTS[language];
  const mine = flags.filter((flag) => flag.canteen_id === one.canteen_id);
  const head = made("div", "head", rank(one), made("div", "name", language === "zh" ? one.name_zh : one.name_en), bar(one), figures(one));
  const box = made("article", "", head);
  if (mine.length) {
    const open = mine.filter((flag) => flag.state === "open").length;
    const details = made("details", "", made("summary", "", texts.flags(mine.length, open)), flagList(mine));
    details.dataset.canteen = one.canteen_id;
    box.append(details);
  }
  const links = made("p", "links", appealFile(one));
  if (supervises) links.append(Object.assign(made("a", "", texts.integrity), { href: `/integrity?lang=${language}&canteen=${one.canteen_id}&quarter=${shown.quarter}` }));
  box.append(points(one), links);
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
  for (const link of document.querySelectorAll("header a")) link.search = `?lang=${language}`;
  fillQuarters();
  const found = document.getElementById("found");
  const open = new Set([...found.querySelectorAll("details[open][data-canteen]")].map((one) => one.dataset.canteen));
  found.replaceChildren();
  found.hidden = shown === null;
  if (shown === null) return person || say(texts.signInFirst);
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

// Flags are for supervisors; others see their results without them.
async function askFlags(first) {
  try {
    const found = await ask("GET", `/waste/flags/explained?first=${first}&last=${lastDay(first)}`);
    supervises = true;
    return found;
  } catch (error) {
    if (error.status === 403) return [];
    throw error;
  }
}

async function refresh() {
  const [asked, first] = [person, quarters.value];
  try {
    const told = await Promise.all([ask("GET", `/waste/evaluations/${first}`), askFlags(first)]);
    if (person !== asked || quarters.value !== first) return;
    [shown, flags] = told;
    draw();
  } catch (error) {
    if (person !== asked) return;
    shown = null;
    draw();
    say(error.status === 404 ? TEXTS[language].none : explain(error), error.status !== 404);
  }
}

quarters.addEventListener("change", refresh);

document.getElementById("language").addEventListener("click", async () => {
  language = language === "zh" ? "en" : "zh";
  draw();
  speak(TEXTS[language].tag);
  if (person) await refresh();
});

async function entered(who) {
  person = who;
  document.getElementById("quarter").hidden = false;
  draw();
  await refresh();
}

function left() {
  person = shown = null;
  flags = [];
  supervises = false;
  document.getElementById("quarter").hidden = true;
  draw();
}

draw();
begin({ entered, left });
