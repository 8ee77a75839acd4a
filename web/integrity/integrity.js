// Shows a supervisor how a canteen's weights were made: corrections, digits, gaps, outside checks, flags.
import { ask, begin, explain, speak } from "./session.js";

const TEXTS = {
  zh: {
    tag: "zh-Hans-CN",
    other: "English",
    title: "机关食堂一卡通　数据核查",
    heading: "称重数据核查",
    evaluations: "成效评估",
    bulletins: "通报",
    signInFirst: "请登录后查看",
    canteen: "食堂",
    first: "起始日期",
    last: "截止日期",
    show: "查看",
    state: (name, first, last, serving) => `${name}，${first}至${last}${serving ? `，${serving}` : ""}`,
    hint: "异常数据须进一步核实，不等同于问题结论。",
    serving: { buffet: "自助餐", set_meal: "份餐", a_la_carte: "零点" },
    comparison: "与同类食堂比较",
    usual: (usual, peers) => (usual === null ? `同类不足` : `同类${usual}（${peers}家）`),
    variation: "午餐人均克数的日间波动",
    correlation: "午餐称重与就餐人次的相关系数",
    inedible: "不可食部分占比",
    cheap: "低于最低餐价的就餐占比",
    corrections: "称重更正",
    weighIns: "称重次数",
    corrected: "其中已更正",
    zeroed: "更正为零或撤销",
    late: "餐后14天以上更正",
    digits: "称重末位数字",
    digitsBar: (digit, count) => `末位${digit}：${count.toLocaleString("zh-CN")}次`,
    digitsFacts: (one) => `秤分度值${one.step_g}克，共${one.weights.toLocaleString("zh-CN")}次。卡方值${one.chi_square}，${one.chi_square > one.limit ? "超过" : "未超过"}界限${one.limit}（1%显著性水平）。虚线为各数字均等时的次数。`,
    digitsFew: "称重次数不足，不作判断",
    weekdays: "各星期称重完整率",
    weekdayNames: ["周一", "周二", "周三", "周四", "周五", "周六", "周日"],
    weekdayBar: (day, weighed, meals) => `${day}：${meals}餐中${weighed}餐已称重`,
    weekdaysFacts: (weighed, meals) => `${meals}餐次中${weighed}餐次三类浪费均已称重`,
    months: "采购、备餐与清运（公斤）",
    month: "月份",
    bought: "采购",
    prepared: "备餐总量",
    weighed: "称重浪费",
    collected: "清运",
    ratio: "清运与称重",
    ratioBar: (share) => `清运为称重的${share}%`,
    monthsFacts: "备餐总量、称重浪费按就餐人次推算至全月；备餐总量称重不足半数的不推算。",
    noMonths: "期间无采购、备餐或清运数据",
    calibrations: "秤具检定",
    scale: "秤",
    calibratedOn: "检定日期",
    validUntil: "有效期至",
    certificate: "证书编号",
    noCalibrations: "无检定记录",
    flags: (count) => `待处理提示（${count}项）`,
    noFlags: "无待处理提示",
    days: (first, last) => (first === last ? first : `${first}至${last}`),
    meals: { breakfast: "早餐", lunch: "午餐", dinner: "晚餐" },
    streams: { preparation: "加工损耗", unserved: "备餐剩余（未取用）", plate: "餐盘剩余", inedible: "不可食部分", prepared: "备餐总量" },
    rows: (count) => `涉及${count}条记录`,
  },
  en: {
    tag: "en",
    other: "中文",
    title: "onecard: integrity of weights",
    heading: "Integrity of weights",
    evaluations: "Evaluations",
    bulletins: "Bulletins",
    signInFirst: "Sign in to see how weights were made",
    canteen: "Canteen",
    first: "First day",
    last: "Last day",
    show: "Show",
    state: (name, first, last, serving) => `${name}, ${first} to ${last}${serving ? `, ${serving}` : ""}`,
    hint: "An unusual figure is a reason to check, not a finding.",
    serving: { buffet: "buffet", set_meal: "set meals", a_la_carte: "à la carte" },
    comparison: "Beside like canteens",
    usual: (usual, peers) => (usual === null ? "too few like it" : `usually ${usual} (${peers} canteens)`),
    variation: "Variation of grams per cover, lunch to lunch",
    correlation: "Correlation of a lunch's weight with its covers",
    inedible: "Share of inedible parts",
    cheap: "Share of people below the least price",
    corrections: "Corrections",
    weighIns: "Weigh-ins",
    corrected: "corrected",
    zeroed: "corrected to nothing",
    late: "over 14 days after the meal",
    digits: "Last digits of weights",
    digitsBar: (digit, count) => `last digit ${digit}: ${count.toLocaleString("en")}`,
    digitsFacts: (one) => `Step of the scale ${one.step_g} g, ${one.weights.toLocaleString("en")} weights. Chi-square ${one.chi_square}, ${one.chi_square > one.limit ? "above" : "below"} the limit of ${one.limit} (1 % level). The dashed line: all digits equally often.`,
    digitsFew: "Too few weights to tell",
    weekdays: "Meals weighed, by weekday",
    weekdayNames: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    weekdayBar: (day, weighed, meals) => `${day}: ${weighed} of ${meals} meals weighed`,
    weekdaysFacts: (weighed, meals) => `All three streams of waste were weighed at ${weighed} of ${meals} meals`,
    months: "Purchases, food prepared and collected (kg)",
    month: "Month",
    bought: "Bought",
    prepared: "Prepared",
    weighed: "Waste weighed",
    collected: "Collected",
    ratio: "Collected by weighed",
    ratioBar: (share) => `Collected ${share} % of what was weighed`,
    monthsFacts: "Food prepared and waste are extrapolated to the month by covers; food prepared not from fewer than half of them.",
    noMonths: "Nothing bought, prepared or collected is known",
    calibrations: "Calibration of scales",
    scale: "Scale",
    calibratedOn: "Calibrated on",
    validUntil: "Valid until",
    certificate: "Certificate",
    noCalibrations: "No calibration is recorded",
    flags: (count) => `Open flags (${count})`,
    noFlags: "No open flags",
    days: (first, last) => (first === last ? first : `${first} to ${last}`),
    meals: { breakfast: "breakfast", lunch: "lunch", dinner: "dinner" },
    streams: { preparation: "preparation waste", unserved: "unserved", plate: "plate waste", inedible: "inedible parts", prepared: "prepared food" },
    rows: (count) => (count === 1 ? "1 record" : `${count} records`),
  },
};
const DAYS_SHOWN = 91;
// A share is looked at when it is twice the usual one, and at least five points above it.
const MUCH_MORE = 0.05;
// Of a weekday's meals: with fewer the schemes cap the points of what was weighed.
const ENOUGH_WEIGHED = 0.8;
const COLLECTED_AT_MOST = 1.3;
const SVG = "http://www.w3.org/2000/svg";
const state = document.getElementById("state");
const choice = document.getElementById("choice");
const found = document.getElementById("found");
let language = document.documentElement.lang === "en" ? "en" : "zh";
let person = null;
let canteens = [];
let shown = null;

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

function drawn(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function picture(label, width, height, ...shapes) {
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": label });
  svg.append(...shapes);
  return svg;
}

// Bars of equal width, each as [share of the height, label, class], with a scale under them.
function bars(label, columns, names, line) {
  const shapes = columns.flatMap(([share, text, className], place) => {
    const bar = drawn("rect", { class: className, x: 10 * place + 1.5, y: 100 - 100 * share, width: 7, height: 100 * share });
    bar.append(Object.assign(drawn("title", {}), { textContent: text }));
    return [drawn("rect", { class: "ground", x: 10 * place + 1.5, y: 0, width: 7, height: 100 }), bar];
  });
  if (line !== undefined) shapes.push(drawn("line", { class: "expected", x1: 0, x2: 10 * columns.length, y1: 100 - 100 * line, y2: 100 - 100 * line }));
  return [picture(label, 10 * columns.length, 100, ...shapes), made("div", "scale", ...names.map((name) => made("span", "", ...[name].flat())))];
}

function section(title, className, ...content) {
  return made("section", className, made("h2", "", title), ...content);
}

function tableOf(heads, rows) {
  const table = document.createElement("table");
  table.createTHead().insertRow().append(...heads.map(([text, className]) => made("th", className, text)));
  table.createTBody().append(...rows.map((cells) => made("tr", "", ...cells)));
  return table;
}

function percent(share) {
  return share === null ? "—" : `${(100 * share).toFixed(1)}%`;
}

function plain(figure) {
  return figure === null ? "—" : figure.toFixed(2);
}

function kilograms(grams) {
  return grams === null ? "—" : Math.round(grams / 1000).toLocaleString("zh-CN");
}

function comparison() {
  const texts = TEXTS[language];
  const list = document.createElement("dl");
  const isMuch = (one) => one.usual !== null && one.figure - one.usual > Math.max(one.usual, MUCH_MORE);
  for (const [name, one, written, look] of [
    [texts.variation, shown.variation, percent, false],
    [texts.correlation, shown.correlation, plain, false],
    [texts.inedible, shown.inedible_share, percent, isMuch(shown.inedible_share)],
    [texts.cheap, shown.cheap_share, percent, isMuch(shown.cheap_share)],
  ]) {
    const usual = one.usual === null ? null : written(one.usual);
    list.append(
      made("dt", "", name),
      made("dd", look ? "look" : "", written(one.figure)),
      made("dd", "usual", texts.usual(usual, one.peers)),
    );
  }
  return section(texts.comparison, "", list, made("p", "", texts.hint));
}

function corrections() {
  const texts = TEXTS[language];
  const { weigh_ins: all, corrections: corrected, zeroed, late } = shown.corrections;
  const list = document.createElement("dl");
  for (const [name, count, look] of [
    [texts.weighIns, all, false],
    [texts.corrected, corrected, false],
    [texts.zeroed, zeroed, zeroed > 0],
    [texts.late, late, late > 0],
  ]) {
    const share = name === texts.weighIns || !all ? "" : percent(count / all);
    list.append(made("dt", "", name), made("dd", look ? "look" : "", count.toLocaleString("zh-CN")), made("dd", "usual", share));
  }
  return section(texts.corrections, "", list);
}

function digits() {
  const texts = TEXTS[language];
  const one = shown.digits;
  if (one === null) return section(texts.digits, "", made("p", "", texts.digitsFew));
  const most = Math.max(...one.counts);
  const className = one.chi_square > one.limit ? "look" : "bar";
  const columns = one.counts.map((count, digit) => [count / most, texts.digitsBar(digit, count), className]);
  return section(
    texts.digits,
    "",
    ...bars(texts.digits, columns, one.counts.map((_, digit) => String(digit)), one.weights / 10 / most),
    made("p", "", texts.digitsFacts(one)),
  );
}

function weekdays() {
  const texts = TEXTS[language];
  const columns = shown.weekdays.map(({ weekday, meals, weighed }) => [
    meals ? weighed / meals : 0,
    texts.weekdayBar(texts.weekdayNames[weekday - 1], weighed, meals),
    meals && weighed < ENOUGH_WEIGHED * meals ? "look" : "bar",
  ]);
  const names = shown.weekdays.map(({ weekday, meals, weighed }) => [
    texts.weekdayNames[weekday - 1],
    made("small", "", meals ? `${Math.round((100 * weighed) / meals)}%` : "—"),
  ]);
  const sum = (key) => shown.weekdays.reduce((total, day) => total + day[key], 0);
  return section(
    texts.weekdays,
    "",
    ...bars(texts.weekdays, columns, names),
    made("p", "", texts.weekdaysFacts(sum("weighed"), sum("meals"))),
  );
}

function ratio(month) {
  if (month.collected_g === null || !month.weighed_g) return "—";
  const share = month.collected_g / month.weighed_g;
  const most = Math.max(share, COLLECTED_AT_MOST);
  const className = share > COLLECTED_AT_MOST ? "look" : "bar";
  return picture(
    TEXTS[language].ratioBar(Math.round(100 * share)),
    100,
    10,
    drawn("rect", { class: "ground", x: 0, y: 0, width: 100, height: 10 }),
    drawn("rect", { class: className, x: 0, y: 0, width: (100 * share) / most, height: 10 }),
    drawn("line", { class: "expected", x1: 100 / most, x2: 100 / most, y1: 0, y2: 10 }),
  );
}

function months() {
  const texts = TEXTS[language];
  if (!shown.months.length) return section(texts.months, "wide", made("p", "", texts.noMonths));
  const heads = [[texts.month, ""], ...["bought", "prepared", "weighed", "collected"].map((key) => [texts[key], "number"]), [texts.ratio, "picture"]];
  const rows = shown.months.map((month) => {
    const look = month.collected_g !== null && month.collected_g > COLLECTED_AT_MOST * (month.weighed_g ?? 0);
    return [
      made("td", "day", month.month.slice(0, 7)),
      ...["bought_g", "prepared_g", "weighed_g"].map((key) => made("td", "number", kilograms(month[key]))),
      made("td", look ? "number look" : "number", kilograms(month.collected_g)),
      made("td", "picture", ratio(month)),
    ];
  });
  return section(texts.months, "wide", tableOf(heads, rows), made("p", "", texts.monthsFacts));
}

function calibrations() {
  const texts = TEXTS[language];
  if (!shown.calibrations.length) return section(texts.calibrations, "wide", made("p", "look", texts.noCalibrations));
  const heads = [texts.scale, texts.calibratedOn, texts.validUntil, texts.certificate].map((text) => [text, ""]);
  const rows = shown.calibrations.map((one) => [
    made("td", "", one.scale),
    made("td", "day", one.calibrated_on),
    made("td", one.valid_until < shown.last ? "day look" : "day", one.valid_until),
    made("td", "", one.certificate),
  ]);
  return section(texts.calibrations, "wide", tableOf(heads, rows));
}

function flags() {
  const texts = TEXTS[language];
  if (!shown.flags.length) return section(texts.noFlags, "wide");
  const items = shown.flags.map((flag) => {
    const facts = [texts.days(flag.first_day, flag.last_day), texts.meals[flag.meal], texts.streams[flag.stream]];
    if (flag.rows.length) facts.push(texts.rows(flag.rows.length));
    return made("li", "", flag.text, made("small", "", facts.filter(Boolean).join(" · ")));
  });
  return section(texts.flags(shown.flags.length), "wide", made("ul", "flags", ...items));
}

function fillCanteens() {
  const chosen = choice.elements.canteen.value;
  const options = canteens.map((one) => new Option(language === "zh" ? one.name_zh : one.name_en, one.canteen_id));
  choice.elements.canteen.replaceChildren(...options);
  if (chosen) choice.elements.canteen.value = chosen;
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
  choice.hidden = person === null;
  fillCanteens();
  found.hidden = shown === null;
  if (shown === null) return person || say(texts.signInFirst);
  found.replaceChildren(comparison(), corrections(), digits(), weekdays(), months(), calibrations(), flags());
  say(texts.state(shown.name, shown.first, shown.last, texts.serving[shown.serving]));
}

function chosen() {
  const { canteen, first, last } = Object.fromEntries(new FormData(choice));
  return `/waste/integrity/${canteen}?first=${first}&last=${last}`;
}

async function refresh() {
  const [asked, path] = [person, chosen()];
  try {
    const told = await ask("GET", path);
    // Something else was chosen meanwhile.
    if (person !== asked || path !== chosen()) return;
    shown = told;
    draw();
  } catch (error) {
    if (person === asked) say(explain(error), true);
  }
}

function iso(day) {
  return new Date(day - day.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
}

// The canteen and the quarter (its first day) that the address names, else the last weeks.
function choose(asked) {
  // The centre's date, wherever the reader is.
  const now = Date.now() + 8 * 3600e3;
  choice.elements.last.value = new Date(now).toISOString().slice(0, 10);
  choice.elements.first.value = new Date(now - DAYS_SHOWN * 86400e3).toISOString().slice(0, 10);
  const begins = /^(\d{4})-(\d{2})-01$/.exec(asked.get("quarter") ?? "");
  if (begins) {
    choice.elements.first.value = begins[0];
    choice.elements.last.value = iso(new Date(begins[1], Number(begins[2]) + 2, 0));
  }
  const options = [...choice.elements.canteen.options].map((option) => option.value);
  if (options.includes(asked.get("canteen"))) choice.elements.canteen.value = asked.get("canteen");
}

document.getElementById("language").addEventListener("click", async () => {
  language = language === "zh" ? "en" : "zh";
  draw();
  speak(TEXTS[language].tag);
  if (shown) await refresh();
});

choice.addEventListener("submit", async (event) => {
  event.preventDefault();
  await refresh();
});

choice.elements.canteen.addEventListener("change", refresh);

async function entered(who) {
  person = who;
  try {
    canteens = (await ask("GET", "/registry/directory")).agencies.flatMap((agency) => agency.canteens);
  } catch (error) {
    return say(explain(error), true);
  }
  draw();
  choose(new URLSearchParams(location.search));
  await refresh();
}

function left() {
  person = shown = null;
  canteens = [];
  draw();
}

draw();
begin({ entered, left });
