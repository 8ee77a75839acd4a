// Records weighings. What could not be sent waits on the device, under its own number, and is sent again.
const MEALS = { breakfast: ["早餐", "breakfast"], lunch: ["午餐", "lunch"], dinner: ["晚餐", "dinner"] };
const STREAMS = {
  plate: ["餐盘剩余", "plates"],
  unserved: ["未售剩余", "unserved"],
  preparation: ["加工损耗", "preparation"],
  inedible: ["不可食", "inedible"],
  prepared: ["备餐总量", "prepared"],
};
const RETRY_MS = 15000;
const PHOTO_MAX = 1000000;
const WAITING = "onecard-weighings";
const $ = (id) => document.getElementById(id);
let token = "";
const done = [];

function say(text, wrong = false) {
  $("state").textContent = text;
  $("state").className = wrong ? "wrong" : "";
}

class Refused extends Error {}

async function ask(method, path, message) {
  const headers = { "content-type": "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(path, { method, headers, body: message && JSON.stringify(message) });
  if (answer.status === 204) return null;
  const told = await answer.json();
  if (answer.status >= 500 || answer.status === 429) throw new Error(`${told.title_zh} · ${told.title_en}`);
  if (!answer.ok) throw new Refused(`${told.title_zh}:${told.detail} · ${told.title_en}`);
  return told;
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
const keep = (list) => localStorage.setItem(WAITING, JSON.stringify(list));

function choices(parent, name, of, first) {
  for (const [value, [chinese, english]] of Object.entries(of)) {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "radio", name, value, checked: value === first });
    const small = document.createElement("small");
    small.textContent = english;
    label.append(input, chinese, small);
    parent.append(label);
  }
}

function mealNow() {
  const hour = new Date().getHours();
  return hour < 10 ? "breakfast" : hour < 16 ? "lunch" : "dinner";
}

function draw() {
  const list = $("done");
  list.replaceChildren();
  const unsent = waiting().map((one) => ({ ...one, state: "waiting" }));
  for (const one of [...unsent, ...done.slice(-12).reverse()]) {
    const row = document.createElement("li");
    row.className = one.state === "waiting" ? "waiting" : one.odd ? "odd" : "";
    const what = document.createElement("span");
    what.append(`${MEALS[one.meal][0]} ${STREAMS[one.stream][0]} ${one.dish ?? ""} ${(one.weight_g / 1000).toLocaleString()} kg`);
    if (one.state === "waiting" || one.odd || one.state === "taken back") {
      const small = document.createElement("small");
      small.textContent = one.state === "waiting" ? "待上传 waits to be sent" : one.odd ? "与往常差异大,请核对 unusual: look again" : "已撤销 taken back";
      what.append(small);
    }
    row.append(what);
    if (one.state === "recorded") {
      const back = document.createElement("button");
      back.textContent = "撤销 undo";
      back.addEventListener("click", () => takeBack(one));
      row.append(back);
    }
    list.append(row);
  }
}

async function takeBack(one) {
  const correction = { weigh_in_id: newNumber(), replaces: one.weigh_in_id, weight_g: 0 };
  try {
    await ask("POST", "/waste/corrections", { corrections: [correction], reason: "撤销 taken back" });
    one.state = "taken back";
    one.odd = false;
    draw();
  } catch (error) {
    say(error.message, true);
  }
}

async function send() {
  for (const one of waiting()) {
    const { photo, ...weighing } = one;
    try {
      const told = await ask("POST", "/waste/weigh-ins", { weigh_ins: [weighing] });
      if (photo) await ask("POST", `/waste/weigh-ins/${one.weigh_in_id}/photos`, { files: [photo] });
      done.push({ ...weighing, state: "recorded", odd: told.implausible.includes(one.weigh_in_id) });
      say("已登记 · recorded");
    } catch (error) {
      if (!(error instanceof Refused)) {
        say("暂时无法上传,稍后自动重试 · will be sent again", true);
        break;
      }
      say(error.message, true);
    }
    keep(waiting().filter((w) => w.weigh_in_id !== one.weigh_in_id));
  }
  draw();
}

function readPhoto(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve({ name: file.name.slice(0, 120), content: reader.result.split(",")[1] });
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

$("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const session = await ask("POST", "/console/sessions", Object.fromEntries(new FormData(event.target)));
    token = session.token;
    const { agencies } = await ask("GET", "/registry/directory");
    const mine = agencies.filter((a) => session.agency_id === null || a.agency_id === session.agency_id);
    for (const canteen of mine.flatMap((a) => a.canteens)) $("canteen").append(new Option(canteen.name_zh, canteen.canteen_id));
    $("date").value = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);
    const foods = new Map();
    for (const food of await ask("GET", "/waste/foods")) if (food.valid_from <= $("date").value) foods.set(food.food, food);
    for (const { food, name_zh, name_en } of foods.values()) $("food").append(new Option(`${name_zh} ${name_en}`, food));
    choices($("meals"), "meal", MEALS, mealNow());
    choices($("streams"), "stream", STREAMS, "plate");
    $("sign-in").hidden = true;
    $("weigh").hidden = false;
    say("");
    $("weight").focus();
    await send();
    setInterval(send, RETRY_MS);
  } catch (error) {
    token = "";
    say(error.message, true);
  }
});

$("weigh").addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(event.target));
  const weighing = {
    weigh_in_id: newNumber(),
    canteen_id: Number($("canteen").value),
    business_date: $("date").value,
    meal: given.meal,
    stream: given.stream,
    weight_g: Math.round(Number($("weight").value.replace(",", ".")) * 1000),
  };
  if (!weighing.weight_g) return say("重量须大于零 · a weight is more than nothing", true);
  if ($("dish").value) weighing.dish = $("dish").value;
  if ($("food").value) weighing.food = $("food").value;
  const file = $("photo").files[0];
  if (file && file.size > PHOTO_MAX) return say("照片须小于 1 MB · a photo has less than 1 MB", true);
  if (file) weighing.photo = await readPhoto(file);
  keep([...waiting(), weighing]);
  $("weight").value = $("dish").value = $("food").value = $("photo").value = "";
  $("weight").focus();
  await send();
});
