// Records weigh-ins. What could not be sent waits on the device, under its own number, and is sent again. A photo that
// was refused waits until somebody sends it again or discards it.
import { ask, begin, explain, Refused, speak } from "./session.js";

const TEXTS = {
  zh: {
    page: "机关食堂一卡通　称重登记", title: "称重登记", other_language: "English",
    kept: "未上传的记录已保存在本机", others: "本机另有{count}条他人登记的记录，待其本人登录后上传",
    canteen: "食堂", date: "日期", meal: "餐次", stream: "称重类别", weight: "重量", unit: "公斤", kg: "{number}公斤",
    dish: "菜品（可不填）", food: "食物种类（可不填）", no_food: "未指定", photo: "照片（可不填）", choose_photo: "选择照片", record: "登记",
    meals: { breakfast: "早餐", lunch: "午餐", dinner: "晚餐" },
    streams: {
      plate: "餐盘剩余", unserved: "备餐剩余（未取用）", preparation: "加工损耗", inedible: "不可食部分", prepared: "备餐总量",
    },
    recorded: "已登记", waiting: "待上传", odd: "与近期数值差异较大，请复核", canceled: "已撤销", cancel: "撤销",
    refused: "未登记：{why}", retry: "暂时无法上传，稍后自动重试",
    weight_form: "重量应为公斤数，如12.5，最多3位小数", weight_range: "重量应大于0公斤，且不超过2000公斤",
    zero: "确认本餐该类没有浪费？未称重的，请勿登记",
    date_needed: "请填写日期", photo_size: "照片应小于1MB", device_full: "本机存储空间不足，请先联网上传待传的记录",
    photo_refused: "照片未上传：{why}", photo_again: "重新上传照片", photo_away: "放弃照片",
  },
  en: {
    page: "Weighing", title: "Record weigh-ins", other_language: "中文",
    kept: "Unsent weigh-ins are kept on this device", others: "{count} more on this device wait for those who recorded them",
    canteen: "Canteen", date: "Date", meal: "Meal", stream: "Stream", weight: "Weight", unit: "kg", kg: "{number} kg",
    dish: "Dish (optional)", food: "Kind of food (optional)", no_food: "Not specified", photo: "Photo (optional)", choose_photo: "Choose a photo", record: "Record",
    meals: { breakfast: "Breakfast", lunch: "Lunch", dinner: "Dinner" },
    streams: {
      plate: "Plate waste", unserved: "Surplus (not taken)", preparation: "Preparation waste", inedible: "Inedible parts",
      prepared: "Total prepared",
    },
    recorded: "Recorded", waiting: "To be sent", odd: "Far from recent values; please check", canceled: "Canceled", cancel: "Cancel",
    refused: "Not recorded: {why}", retry: "Cannot be sent now; it will be sent again",
    weight_form: "The weight is a number of kilograms such as 12.5, with at most 3 decimals", weight_range: "The weight must be above 0 kg and at most 2,000 kg",
    zero: "Was nothing wasted? If nobody weighed, record nothing",
    date_needed: "Enter the date", photo_size: "The photo must be smaller than 1 MB",
    device_full: "This device has no room left; connect and send what waits first",
    photo_refused: "Photo not saved: {why}", photo_again: "Send the photo again", photo_away: "Discard the photo",
  },
};
const RETRY_MS = 15000;
const PHOTO_MAX = 1000000;
const WEIGHT_MAX_G = 2000000;
const WAITING = "onecard-weighings";
const $ = (id) => document.getElementById(id);
let language = document.documentElement.lang === "en" ? "en" : "zh";
let person = null;
// Who was here last: what stands here is his.
let last = null;
let sending = false;
let said = { key: null, text: "", wrong: false, params: {} };
let canteens = [];
let foods = [];
const done = [];

// What comes again with the same answer; else it waits on the device.
function isFinal(error) {
  const later = ["cross-site-request", "second-factor-missing"];
  return error instanceof Refused && ![401, 429].includes(error.status) && error.status < 500 && !later.includes(error.kind);
}

function t(key, params = {}) {
  return TEXTS[language][key].replace(/\{(\w+)\}/g, (_, name) => params[name]);
}

const nameOf = (one) => (language === "en" ? one.name_en : one.name_zh);
const tag = () => (language === "en" ? "en" : "zh-Hans-CN");

function say(key, wrong = false, params = {}) {
  said = { key, text: "", wrong, params };
  drawState();
}

function tell(text) {
  said = { key: null, text, wrong: true };
  drawState();
}

function drawState() {
  $("state").textContent = said.key ? t(said.key, said.params) : said.text;
  $("state").className = said.wrong ? "wrong" : "";
}

function newNumber() {
  // crypto.randomUUID is missing on pages that come without TLS.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

const waiting = () => JSON.parse(localStorage.getItem(WAITING) ?? "[]");
// What was recorded goes out under the name of who recorded it, whoever signs in next.
const of = (login) => waiting().filter(({ by }) => by === undefined || by === login);
const mine = () => of(person?.login);
const keep = (list) => localStorage.setItem(WAITING, JSON.stringify(list));

function choices(parent, name, of, first) {
  const chosen = parent.querySelector(":checked")?.value ?? first;
  for (const label of parent.querySelectorAll("label")) label.remove();
  for (const [value, text] of Object.entries(of)) {
    const label = document.createElement("label");
    label.append(Object.assign(document.createElement("input"), { type: "radio", name, value, checked: value === chosen }), text);
    parent.append(label);
  }
}

function options(select, list) {
  const chosen = select.value;
  select.replaceChildren(...list.map(([value, text]) => new Option(text, value)));
  if (list.some(([value]) => String(value) === chosen)) select.value = chosen;
}

// By the centre's clock, as the date: a device may keep another zone's.
function mealNow() {
  const hour = Number(new Date().toLocaleString("en-GB", { timeZone: "Asia/Shanghai", hour: "2-digit", hourCycle: "h23" }));
  return hour < 10 ? "breakfast" : hour < 16 ? "lunch" : "dinner";
}

function draw() {
  document.documentElement.lang = tag();
  document.title = t("page");
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
  $("language").textContent = t("other_language");
  $("language").lang = language === "en" ? "zh-Hans-CN" : "en";
  choices($("meals"), "meal", TEXTS[language].meals, mealNow());
  choices($("streams"), "stream", TEXTS[language].streams, "plate");
  options($("canteen"), canteens.map((canteen) => [canteen.canteen_id, nameOf(canteen)]));
  options($("food"), [["", t("no_food")], ...foods.map((food) => [food.food, nameOf(food)])]);
  drawPhoto();
  drawState();
  drawList();
}

function drawPhoto() {
  $("photo-name").textContent = $("photo").files[0]?.name ?? t("choose_photo");
}

function noteOf(one) {
  if (one.why_no_photo) return t("photo_refused", { why: one.why_no_photo });
  if (one.state === "refused") return t("refused", one);
  if (one.state === "waiting" || one.state === "canceled") return t(one.state);
  return one.odd ? t("odd") : "";
}

function drawList() {
  const list = $("done");
  list.replaceChildren();
  // What is recorded and sends its photo stands below already.
  const below = new Set(done.map((one) => one.weigh_in_id));
  const toSend = of(person?.login ?? last).filter((one) => one.why_no_photo || !below.has(one.weigh_in_id));
  const unsent = toSend.map((one) => ({ ...one, state: "waiting" }));
  for (const one of [...unsent, ...done.slice(-12).reverse()]) {
    const row = document.createElement("li");
    row.className = one.state === "recorded" ? (one.odd ? "odd" : "") : one.state;
    const what = document.createElement("span");
    const weight = t("kg", { number: (one.weight_g / 1000).toLocaleString(language === "en" ? "en" : "zh-CN") });
    what.append([TEXTS[language].meals[one.meal], TEXTS[language].streams[one.stream], one.dish, weight].filter(Boolean).join(" "));
    const note = noteOf(one);
    if (note) what.append(Object.assign(document.createElement("small"), { textContent: note }));
    row.append(what);
    if (one.state === "recorded") row.append(button("cancel", () => cancel(one)));
    if (one.why_no_photo) {
      row.append(button("photo_again", () => sendPhotoAgain(one)), button("photo_away", () => replace(one, null)));
    }
    list.append(row);
  }
}

function button(text, action) {
  const made = Object.assign(document.createElement("button"), { type: "button", textContent: t(text) });
  made.addEventListener("click", action);
  return made;
}

// Puts something else in the place of what waits, or nothing.
function replace(one, other) {
  const others = waiting().map((each) => (each.weigh_in_id === one.weigh_in_id ? other : each));
  keep(others.filter(Boolean));
  drawList();
}

async function sendPhotoAgain({ why_no_photo, state, ...one }) {
  replace(one, one);
  await send();
}

async function cancel(one) {
  const correction = { weigh_in_id: newNumber(), replaces: one.weigh_in_id, withdraw: true };
  try {
    await ask("POST", "/waste/corrections", { corrections: [correction], reason: t("cancel") });
    one.state = "canceled";
    drawList();
  } catch (error) {
    tell(explain(error));
  }
}

async function sendOne({ photo, recorded, by, ...weighing }) {
  if (!recorded) {
    try {
      const told = await ask("POST", "/waste/weigh-ins", { weigh_ins: [weighing] });
      done.push({ ...weighing, state: "recorded", odd: told.implausible.includes(weighing.weigh_in_id) });
    } catch (error) {
      if (!isFinal(error)) throw error;
      done.push({ ...weighing, state: "refused", why: error.message });
      replace(weighing, null);
      return tell(error.message);
    }
    replace(weighing, photo ? { ...weighing, by, photo, recorded: true } : null);
  }
  if (photo) {
    try {
      await ask("POST", `/waste/weigh-ins/${weighing.weigh_in_id}/photos`, { files: [photo] });
    } catch (error) {
      if (!isFinal(error)) throw error;
      replace(weighing, { ...weighing, by, photo, recorded: true, why_no_photo: error.message });
      return say("photo_refused", true, { why: error.message });
    }
    replace(weighing, null);
  }
  say("recorded");
}

async function send() {
  if (sending || !person) return;
  sending = true;
  const next = () => mine().find((one) => !one.why_no_photo);
  try {
    for (let one = next(); one; one = next()) await sendOne(one);
  } catch {
    if (person) say("retry", true);
  } finally {
    sending = false;
  }
  drawList();
}

function readPhoto(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve({ name: file.name.slice(0, 120), content: reader.result.split(",")[1] });
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

$("language").addEventListener("click", () => {
  language = language === "en" ? "zh" : "en";
  history.replaceState(null, "", `?lang=${tag()}`);
  draw();
  speak(tag());
});

$("photo").addEventListener("change", drawPhoto);

async function entered(who) {
  if (last !== who.login) {
    done.length = 0;
    $("weigh").reset();
  }
  last = who.login;
  try {
    const { agencies } = await ask("GET", "/registry/directory");
    canteens = agencies.filter((a) => who.agency_id === null || a.agency_id === who.agency_id).flatMap((a) => a.canteens);
    $("date").value ||= new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);
    const known = new Map();
    for (const food of (await ask("GET", "/waste/foods?limit=500")).items) if (food.valid_from <= $("date").value) known.set(food.food, food);
    foods = [...known.values()];
  } catch (error) {
    return tell(explain(error));
  }
  person = who;
  $("weigh").hidden = false;
  const count = waiting().length - mine().length;
  say(count ? "others" : null, false, { count });
  draw();
  $("weight").focus();
  await send();
}

function left(ended) {
  person = null;
  $("weigh").hidden = true;
  drawList();
  say(ended && waiting().length ? "kept" : null);
}

$("weigh").addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = $("weight").value.trim();
  // A comma may be a decimal point, but "1,000" could be a thousand.
  if (!/^[0-9]{1,4}(\.[0-9]{1,3}|,[0-9]{1,2})?$/.test(given)) return say("weight_form", true);
  const weight_g = Math.round(Number(given.replace(",", ".")) * 1000);
  const chosen = new FormData(event.target);
  if (weight_g > WEIGHT_MAX_G || (!weight_g && chosen.get("stream") === "prepared")) return say("weight_range", true);
  if (!$("date").value) return say("date_needed", true);
  const file = $("photo").files[0];
  if (file && file.size > PHOTO_MAX) return say("photo_size", true);
  // A real zero counts; a stream that nobody weighed is unknown.
  if (!weight_g && !confirm(t("zero"))) return;
  const weighing = {
    by: person.login,
    weigh_in_id: newNumber(),
    canteen_id: Number($("canteen").value),
    business_date: $("date").value,
    meal: chosen.get("meal"),
    stream: chosen.get("stream"),
    weight_g,
  };
  if (!weight_g) weighing.nothing_wasted = true;
  if ($("dish").value.trim()) weighing.dish = $("dish").value.trim();
  if ($("food").value) weighing.food = $("food").value;
  if (file) weighing.photo = await readPhoto(file);
  try {
    keep([...waiting(), weighing]);
  } catch {
    return say("device_full", true);
  }
  $("weight").value = $("dish").value = $("food").value = $("photo").value = "";
  drawPhoto();
  $("weight").focus();
  drawList();
  await send();
});

setInterval(send, RETRY_MS);
draw();
begin({ entered, left });
