// The console's own script: delegated listeners only, nothing a page cannot do without.
// Keys go by KeyboardEvent.code, because a Chinese input method changes KeyboardEvent.key; they are off while typing
// or composing. A control names its key in data-key ("KeyA", "Shift+Slash", "Digit1"); the letter scope "viewer" is
// active only while the focus is inside the element with data-scope="viewer".
(function () {
  "use strict";
  const doc = document;
  const one = (s, root) => (root || doc).querySelector(s);
  const all = (s, root) => Array.from((root || doc).querySelectorAll(s));
  const store = {
    get(k) { try { return localStorage.getItem(k); } catch { return null; } },
    set(k, v) { try { localStorage.setItem(k, v); } catch { /* private window: the switch lasts for the page */ } },
  };

  // ---- keys ----
  let keysOn = store.get("keys") !== "off";
  const showKeys = () => doc.body.classList.toggle("keys-off", !keysOn);
  const visible = (el) => el.offsetParent !== null || el.getClientRects().length > 0;
  const typing = (t) => t instanceof Element && t.matches("input:not([type=checkbox],[type=radio]),select,textarea,[contenteditable]");
  const overlay = () => one(".dialog:target, .dialog.open"); // covers the page
  const drawer = () => one(".drawer:target, .drawer.open"); // stands in place of a bar

  function rows() { return all("[data-row]").filter(visible); }
  function moveRow(step) {
    const list = rows();
    if (!list.length) return false;
    const marked = list.findIndex((r) => "at" in r.dataset);
    const at = marked < 0 ? list.findIndex((r) => r.classList.contains("sel")) : marked;
    const next = list[Math.max(0, Math.min(list.length - 1, at < 0 ? 0 : at + step))];
    list.forEach((r) => delete r.dataset.at);
    next.dataset.at = "";
    const link = one("[data-open]", next);
    (link || next).focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
    return true;
  }
  function openRow() {
    const row = one("[data-row][data-at]");
    const link = row && one("[data-open]", row);
    if (link) link.click();
    return !!link;
  }
  // Space ticks the box of the row whose link has the focus.
  function tickRow(t) {
    const box = t instanceof Element && t.matches("[data-open]") && one(".row-box:not(:disabled)", t.closest("[data-row]"));
    if (box) box.click();
    return !!box;
  }
  function pressed(code, scope) {
    const box = overlay() || doc;
    const hit = all('[data-key="' + code + '"]', box).find((el) => {
      const s = el.closest("[data-scope]");
      return visible(el) && !el.disabled && (!s || s === scope);
    });
    if (!hit) return false;
    if (hit.matches("a,button,summary,input[type=checkbox],input[type=radio]")) hit.click();
    else { hit.focus(); if (hit.select) hit.select(); }
    return true;
  }
  doc.addEventListener("keydown", (e) => {
    if (e.isComposing || e.repeat || e.ctrlKey || e.altKey || e.metaKey) return;
    if (e.code === "Escape") return escape(e);
    if (!keysOn || typing(e.target)) return;
    const code = (e.shiftKey ? "Shift+" : "") + e.code;
    const scope = e.target instanceof Element ? e.target.closest("[data-scope]") : null;
    let done = pressed(code, scope);
    if (!done && !overlay()) {
      if (code === "KeyJ") done = moveRow(1);
      else if (code === "Space") done = tickRow(e.target);
      else if (code === "KeyK") done = moveRow(-1);
      else if (code === "Enter" && e.target === doc.body) done = openRow();
      else if (code === "Shift+Slash" && one("#keys")) { location.hash = "keys"; done = true; }
    }
    if (done) e.preventDefault();
  });
  function escape(e) {
    const box = overlay() || drawer();
    if (box) {
      const back = one('[data-key="Escape"], .dialog-acts a', box);
      if (box.matches(":target") || !back) close(); else back.click();
      e.preventDefault();
      return;
    }
    const open = one("details[open].masked, details[open].me");
    if (open) { open.open = false; one("summary", open).focus(); return; }
    if (typing(e.target)) { e.target.blur(); return; }
    const back = one('[data-key="Escape"]');
    if (back && visible(back)) back.click();
  }

  // ---- dialogs and drawers: opened by their fragment, so they work without this script ----
  let opener = null;
  function close() {
    if (doc.activeElement) doc.activeElement.blur(); // what was typed is told to the form before the box goes
    location.hash = ""; // replaceState alone would leave :target as it is
    history.replaceState(history.state, "", location.pathname + location.search);
    if (opener && opener.isConnected) opener.focus();
    opener = null;
  }
  function opened() {
    const box = overlay() || drawer();
    if (!box) return;
    const first = one("[autofocus], input:not([type=hidden]), select, textarea", box) || one("a, button", box);
    if (first) first.focus();
  }
  // Enter in a field of a dialog presses the dialog's own button.
  doc.addEventListener("keydown", (e) => {
    if (e.key !== "Enter" || e.isComposing || !(e.target instanceof Element) || !e.target.matches(".dialog input")) return;
    const go = one("[data-enter]", e.target.closest(".dialog"));
    if (go) { e.preventDefault(); go.click(); }
  });
  addEventListener("hashchange", opened);
  doc.addEventListener("click", (e) => {
    const t = e.target instanceof Element ? e.target : null;
    if (!t) return;
    const link = t.closest('a[href^="#"]');
    if (link && link.getAttribute("href") === "#" && (overlay() || drawer())) { e.preventDefault(); close(); return; }
    if (link && link.hash) opener = link;
    if (t.matches(".dialog:target")) { close(); return; }
    all("details[open].masked, details[open].me").forEach((d) => { if (!d.contains(t)) d.open = false; });
    const copy = t.closest("[data-copy]");
    if (copy && navigator.clipboard) navigator.clipboard.writeText(copy.dataset.copy).then(() => say(copy.dataset.copied));
  });

  // ---- small things ----
  function say(text) {
    if (!text) return;
    const line = doc.createElement("div");
    line.className = "toast-line";
    line.textContent = text;
    one(".toasts").append(line);
    setTimeout(() => line.remove(), 10500);
  }
  doc.addEventListener("change", (e) => {
    const t = e.target;
    if (!(t instanceof Element)) return;
    if (t.matches("[data-keys-switch]")) { keysOn = t.checked; store.set("keys", keysOn ? "on" : "off"); showKeys(); }
    if (t.matches("[data-all]")) all(t.dataset.all).forEach((b) => { b.checked = t.checked; });
    if (t.matches("[data-submit]") && t.form) t.form.requestSubmit();
    needs();
  });
  // A button with data-needs="name" waits until every box of that name is ticked; the server checks again.
  const needs = () => all("[data-needs]").forEach((b) => {
    b.disabled = all('input[name="' + b.dataset.needs + '"]').some((box) => !box.checked);
  });
  // One press, one request: a second submit of the same form within a page is swallowed.
  doc.addEventListener("submit", (e) => {
    const f = e.target;
    if (f.method !== "post" || f.hasAttribute("hx-post") || e.defaultPrevented) return;
    if (f.dataset.sent) { e.preventDefault(); return; }
    f.dataset.sent = "1";
  });
  // A page that comes back from the browser's cache may be sent again.
  addEventListener("pageshow", () => { all("form[data-sent]").forEach((f) => delete f.dataset.sent); needs(); });
  // A revealed field is shown for 60 s; the mask stands in data-mask.
  const hide = () => all("[data-mask]:not([data-timed])").forEach((el) => {
    el.dataset.timed = "1";
    setTimeout(() => { el.textContent = el.dataset.mask; el.classList.remove("revealed"); }, 60000);
  });
  doc.addEventListener("htmx:after:swap", hide);

  showKeys();
  hide();
  opened();
  all("[data-keys-switch]").forEach((b) => { b.checked = keysOn; });
})();
