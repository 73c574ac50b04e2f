package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
)

// The second visit fetches the app and no weights.
func TestSecondVisit(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url)
	v.generate("a", 1, 2)
	first := shards(o.requests())
	if len(first) == 0 || len(slices.Compact(slices.Sorted(slices.Values(first)))) != len(first) {
		t.Errorf("the first visit fetches shards %q, want each once", first)
	}
	if loaded := v.fact("Loaded"); !strings.Contains(loaded, "from the network") || !strings.Contains(loaded, "kept") {
		t.Errorf("loaded: %q", loaded)
	}
	v.open(o.url)
	v.generate("a", 1, 2)
	if second := shards(o.requests()); len(second) > 0 {
		t.Errorf("the second visit fetches shards %q", second)
	}
	if loaded := v.fact("Loaded"); !strings.Contains(loaded, "storage") || strings.Contains(loaded, "network") {
		t.Errorf("loaded: %q", loaded)
	}
}

// damage flips a bit in the middle of each stored shard and returns how many there are.
const damage = `(async () => {
	const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("shards");
	let count = 0;
	for await (const file of folder.values()) {
		const bytes = new Uint8Array(await (await file.getFile()).arrayBuffer());
		bytes[bytes.length >> 1] ^= 1;
		const stream = await file.createWritable();
		await stream.write(bytes);
		await stream.close();
		count++;
	}
	return count;
})()`

// A shard that is damaged in storage is noticed, fetched again and mended.
func TestDamagedShard(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url)
	v.awaitText("status", "^Ready$")
	fetched := len(shards(o.requests()))
	if stored := evaluate[int](v, damage); stored != fetched {
		t.Fatalf("%d shards are stored, %d were fetched", stored, fetched)
	}
	v.open(o.url)
	v.generate("a", 1, 2)
	if again := shards(o.requests()); len(again) != fetched {
		t.Errorf("of %d damaged shards it fetches %d", fetched, len(again))
	}
	if loaded := v.fact("Loaded"); !strings.Contains(loaded, "damaged") {
		t.Errorf("loaded: %q, want a word about the damage", loaded)
	}
	v.open(o.url)
	v.awaitText("status", "^Ready$")
	if again := shards(o.requests()); len(again) > 0 {
		t.Errorf("after mending it fetches %q", again)
	}
}

// Where the browser refuses storage the page works, and says that nothing is kept.
func TestStorageRefused(t *testing.T) {
	for name, script := range map[string]string{
		"refused": `navigator.storage.getDirectory = () => Promise.reject(new DOMException("no", "SecurityError"));`,
		"missing": `Object.defineProperty(navigator, "storage", { value: undefined });`,
		"full":    `FileSystemFileHandle.prototype.createSyncAccessHandle = () => Promise.reject(new DOMException("no", "QuotaExceededError"));`,
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, tinyModel(t))
			o.set(func(o *origin) { o.before["/shards-worker.js"] = script })
			v := newVisit(t, o.url)
			v.generate("a", 1, 2)
			if loaded := v.fact("Loaded"); !strings.Contains(loaded, "nothing is kept") {
				t.Errorf("loaded: %q, want that nothing is kept", loaded)
			}
		})
	}
}

// storedShards is what is stored of shards: how many of them, how many files that are none, and bytes.
const storedShards = `(async () => {
	const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("shards");
	const found = { whole: 0, part: 0, bytes: 0 };
	for await (const [name, handle] of folder) {
		const data = await (await handle.getFile()).arrayBuffer();
		const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", data)).toHex();
		found[name.startsWith(hash) ? "whole" : "part"]++;
		found.bytes += data.byteLength;
	}
	return found;
})()`

type stored struct{ Whole, Part, Bytes int }

// Where the storage is full in the middle of a download the visit goes on, and the page says that the next one will download
// again: what did not fit, once there is room.
func TestQuota(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newPerson(t)
	v.open(o.url + "?device=cpu")
	v.awaitText("status", "waits for you")
	used := evaluate[float64](v, `navigator.storage.estimate().then(({ usage }) => usage)`)
	quota := func(bytes *float64) {
		t.Helper()
		if _, err := chromedp.Call(v.ctx, storage.OverrideQuotaForOrigin, storage.OverrideQuotaForOriginParams{Origin: strings.TrimSuffix(o.url, "/"), QuotaSize: bytes}); err != nil {
			t.Fatal(err)
		}
	}
	quota(new(used + 100e3)) // the model has 169 kB in shards, of which the largest does not fit with all others
	o.requests()
	evaluate[bool](v, `document.querySelector("#offer .primary").click(), true`)
	v.awaitText("status", "^Ready. The next visit will have to download again, because the browser's storage is full")
	v.generate("a", 1, 2)
	fetched := len(slices.Compact(slices.Sorted(slices.Values(shards(o.requests()))))) // helpers fetch again what is not kept
	if loaded := v.fact("Loaded"); !strings.Contains(loaded, "not all is kept") || !strings.Contains(loaded, "the next visit will download the rest again") {
		t.Errorf("loaded: %q, want that a part is kept and what follows", loaded)
	}
	kept := evaluate[stored](v, storedShards)
	if kept.Whole == 0 || kept.Whole >= fetched || kept.Part > 0 {
		t.Fatalf("of %d shards it keeps %+v", fetched, kept)
	}
	quota(nil)
	v.trust()
	v.open(o.url + "?device=cpu")
	v.awaitText("status", "^Ready$")
	if again := len(shards(o.requests())); again != fetched-kept.Whole {
		t.Errorf("%d of %d shards are kept, and the next visit fetches %d", kept.Whole, fetched, again)
	}
	if kept := evaluate[stored](v, storedShards); kept.Whole != fetched || kept.Part > 0 {
		t.Errorf("of %d shards it now keeps %+v", fetched, kept)
	}
}

// What can't be fetched is said in plain words, with a button that tries again.
func TestUnreachable(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url)
	v.awaitText("status", "^Ready$")
	shard := shards(o.requests())[0]
	for _, path := range []string{shard, "/model/manifest.json", "/dist/counterpoint.wasm"} {
		o.set(func(o *origin) { o.broken[path] = http.StatusServiceUnavailable })
		v := newVisit(t, o.url)
		v.awaitText("alert", "503")
		o.set(func(o *origin) { delete(o.broken, path) })
		v.click("button", "Try again")
		v.generate("a", 1, 2)
	}
}
