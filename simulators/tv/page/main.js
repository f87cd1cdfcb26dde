// The page in front of the television: live picture, drawn remote, card tray.
import RFB from "../novnc/core/rfb.js";

const $ = (id) => document.getElementById(id);
const RETRY = 800; // ms until a lost connection is tried again
const address = (name) => new URL(name, location.href.replace(/^http/, "ws")).href;

/* The picture: seen only, never touched; the drawn remote is the only input. */
function watchScreen() {
  const rfb = new RFB($("screen"), address("screen"));
  rfb.viewOnly = true;
  rfb.scaleViewport = true;
  rfb.focusOnClick = false;
  rfb.showDotCursor = false;
  rfb.qualityLevel = 8;
  rfb.compressionLevel = 1;
  rfb.background = "#000";
  rfb.addEventListener("connect", () => { $("screen").dataset.live = "yes"; });
  rfb.addEventListener("disconnect", () => {
    $("screen").dataset.live = "no";
    setTimeout(watchScreen, RETRY);
  });
}

/* The wishes of this page, and the state it hears. */
let control = null;
function connect() {
  control = new WebSocket(address("control"));
  control.addEventListener("message", (event) => show(JSON.parse(event.data)));
  control.addEventListener("close", () => {
    say("練習の仕組みとつながっていません。端末の「./stb demo」が動いているか確かめてください。");
    document.body.dataset.connected = "no";
    setTimeout(connect, RETRY);
  });
}
const wish = (what) => { if (control?.readyState === WebSocket.OPEN) control.send(JSON.stringify(what)); };

function say(text) { if ($("state").textContent !== text) $("state").textContent = text; }

// As the screen asks for it: ten digits in groups of four, four and two.
const grouped = (number) => number.replace(/^(\d{4})(\d{4})(\d{2})$/, "$1 $2 $3");

function show(state) {
  document.body.dataset.connected = "yes";
  document.body.dataset.shown = state.shown ? "chanoma" : "programme";
  $("lamp").dataset.on = state.box ? "yes" : "no";
  $("yield").checked = state.yield;
  $("open").disabled = !state.box || state.shown || state.yield;
  $("note-pin").textContent = state.notes.pin || "―";
  $("note-contract").textContent = grouped(state.notes.contract_number) || "―";

  const inserted = state.card?.inserted ?? "";
  $("reader").dataset.inserted = inserted;
  $("reader").dataset.present = state.card ? "yes" : "no";
  $("pull").disabled = !inserted;
  let name = "";
  for (const card of document.querySelectorAll("[data-card]")) {
    const out = card.dataset.card === inserted;
    if (out) name = card.querySelector("b").textContent;
    card.disabled = !state.card || out || !state.card.profiles.includes(card.dataset.card);
    card.dataset.out = out ? "yes" : "no";
  }
  $("seated").textContent = inserted ? (name || inserted) : "";

  const screen = !state.box ? "受信機の準備を待っています"
    : state.yield ? "緊急速報の訓練中です（番組が優先されます）"
    : state.shown ? "「茶の間」を表示しています" : "番組を表示しています ― リモコンの［茶の間］を押してください";
  const sound = state.tv.muted ? "消音中" : `音量 ${state.tv.volume}`;
  const card = !state.card ? "カードはこのページの外から差します"
    : inserted ? `カード「${name || inserted}」が入っています` : "カードは入っていません";
  say(`${screen} ・ ${card} ・ ${state.tv.channel} ${sound}`);
}

/* The remote: down and up, by pointer, by keyboard, or by an assistive tool's click. */
function key(button) {
  let down = false;
  const send = (value) => {
    if (down === Boolean(value)) return;
    down = Boolean(value);
    button.dataset.down = down ? "yes" : "no";
    wish({ type: "key", key: button.dataset.key, value });
  };
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId);
    send(1);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) button.addEventListener(end, () => send(0));
  button.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (!event.repeat) send(1);
  });
  button.addEventListener("keyup", (event) => { if (event.key === "Enter" || event.key === " ") send(0); });
  button.addEventListener("click", (event) => {
    if (event.detail !== 0) return; // a real pointer was already heard
    send(1);
    send(0);
  });
  button.addEventListener("contextmenu", (event) => event.preventDefault());
}

for (const button of document.querySelectorAll("[data-key]")) key(button);
for (const card of document.querySelectorAll("[data-card]")) {
  card.addEventListener("click", () => wish({ type: "card", insert: card.dataset.card }));
}
$("pull").addEventListener("click", () => wish({ type: "card", pull: true }));
$("open").addEventListener("click", () => wish({ type: "open" }));
$("yield").addEventListener("change", (event) => wish({ type: "yield", active: event.target.checked }));

connect();
watchScreen();
