package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// parts is what is kept of shards that are not whole: bytes.
const parts = `(async () => {
	let bytes = 0;
	for await (const [name, handle] of await (await navigator.storage.getDirectory()).getDirectoryHandle("shards", { create: true })) {
		if (name.endsWith(".part")) bytes += (await handle.getFile()).size;
	}
	return bytes;
})()`

// breakOff opens the page and breaks its download of a shard off after so many bytes, when these are kept; with the server
// down from then on, or not. It returns the shard's path.
func breakOff(t *testing.T, o *origin, bytes int, down bool) (*visit, string) {
	t.Helper()
	shard := "/model/" + filepath.Base(largest(t, packed))
	c := cut{bytes, make(chan struct{})}
	o.set(func(o *origin) { o.cut[shard] = c })
	v := newVisit(t, o.url+"?device=cpu")
	for {
		kept, err := chromedp.Run(v.ctx, chromedp.Evaluate[int](parts, chromedp.EvalAwaitPromise))
		if err == nil && kept == bytes {
			break
		}
		v.pause(fmt.Errorf("%d bytes of the shard are kept, %v, want %d", kept, err, bytes))
	}
	o.set(func(o *origin) { o.down = down })
	close(c.arrived)
	return v, shard
}

// A shard whose connection breaks goes on from there by itself.
func TestCut(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v, _ := breakOff(t, o, 50_000, false)
	v.generate("a", 1, 2)
	if asked := o.rangesAsked(); len(asked) != 1 || asked[0] != "bytes=50000-" {
		t.Errorf("after a cut it asks for %q, want the rest", asked)
	}
	if kept := evaluate[stored](v, storedShards); kept.Part > 0 {
		t.Errorf("it leaves %+v", kept)
	}
}

// spoil changes a byte of what is kept of shards that are not whole.
const spoil = `(async () => {
	for await (const [name, handle] of await (await navigator.storage.getDirectory()).getDirectoryHandle("shards")) {
		if (!name.endsWith(".part")) continue;
		const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
		bytes[100] ^= 1;
		const stream = await handle.createWritable();
		await stream.write(bytes);
		await stream.close();
	}
})()`

// A download that was broken off goes on at the next visit; where the server can't, or what was here is damaged, from the
// beginning. Nothing is left of the part.
func TestResumedVisit(t *testing.T) {
	for name, c := range map[string]struct {
		spoil, rangeless bool
	}{
		"goes on":         {},
		"no ranges":       {rangeless: true},
		"damaged in part": {spoil: true},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, tinyModel(t))
			v, shard := breakOff(t, o, 50_000, true)
			v.awaitText("alert", "network is down")
			if kept := evaluate[int](v, parts); kept != 50_000 {
				t.Fatalf("%d bytes of it are kept, want 50000", kept)
			}
			if c.spoil {
				evaluate[any](v, spoil)
			}
			o.set(func(o *origin) { o.down, o.rangeless = false, c.rangeless })
			o.requests()
			o.rangesAsked()
			v.open(o.url + "?device=cpu")
			v.generate("a", 1, 2)
			count := strings.Count(fmt.Sprint(o.requests()), shard)
			ranges := o.rangesAsked()
			if want := map[bool]int{false: 1, true: 2}[c.spoil]; count != want || len(ranges) != 1 || ranges[0] != "bytes=50000-" {
				t.Errorf("it asks %d times for the shard, with ranges %q; want %d, one for the rest", count, ranges, want)
			}
			if kept := evaluate[stored](v, storedShards); kept.Part > 0 {
				t.Errorf("it leaves %+v", kept)
			}
			if loaded := v.fact("Loaded"); strings.Contains(loaded, "damaged") || !strings.Contains(loaded, "from the network") {
				t.Errorf("loaded: %q", loaded)
			}
		})
	}
}
