package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
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
