package e2e

import (
	"io/fs"
	"testing"

	"github.com/counterpoint/counterpoint/weights/scenes"
)

// task is a time that a script held the main thread.
type task struct {
	Milliseconds float64
	What         string
}

// watchTasks keeps for how long our own scripts held the main thread, in frames that came late: what else the browser or
// other programs do then is not theirs.
const watchTasks = `{
	globalThis.observer?.disconnect();
	globalThis.tasks = [];
	globalThis.observer = new PerformanceObserver((list) => {
		for (const { scripts } of list.getEntries()) {
			for (const { duration, sourceURL, sourceFunctionName, invoker } of scripts) {
				if (sourceURL.startsWith(location.origin)) tasks.push({ Milliseconds: duration, What: [invoker, sourceURL.slice(location.origin.length), sourceFunctionName].join(" ") });
			}
		}
	});
	observer.observe({ type: "long-animation-frame" });
	true;
}`

// fillHistory keeps the newest picture until there are as many as are ever kept.
const fillHistory = `new Promise((resolve) => {
	indexedDB.open("counterpoint").onsuccess = ({ target: { result: database } }) => {
		const store = database.transaction("pictures", "readwrite").objectStore("pictures");
		store.getAll().onsuccess = ({ target: { result: kept } }) => {
			const { id, ...picture } = kept.at(-1);
			for (let i = kept.length; i < 200; i++) store.add(picture);
			store.transaction.oncomplete = () => resolve(database.close() ?? true);
		};
	};
})`

// hold is a script of ours that holds the main thread.
const hold = `globalThis.hold = (ms) => Boolean(setTimeout(() => { for (const end = performance.now() + ms; performance.now() < end;); }));`

// TestTasks holds the main thread free while pictures are made, shown and kept, beside a full history: of our own scripts one
// task at most takes more than 50 ms, and none more than 150.
func TestTasks(t *testing.T) {
	for device, model := range map[string]fs.FS{"webgpu": tinyModel(t), "cpu": scenes.Model} { // the first is slow on an adapter that is software
		t.Run(device, func(t *testing.T) {
			o := newOrigin(t, model)
			o.set(func(o *origin) { o.before["/app/main.js"] = hold })
			v := newVisit(t, o.url+"?device="+device)
			v.awaitText("status", "^Ready$")
			v.enter("spinbutton", "Pictures", "2")
			v.generate("a red cube AND a blue sphere", 1, 2)
			v.kept(2)
			evaluate[bool](v, fillHistory)
			v.open(o.url + "?device=" + device)
			v.awaitText("status", "^Ready$")
			v.kept(200)
			evaluate[bool](v, watchTasks+"hold(200)")
			v.awaitThat(`String(tasks.some(({ Milliseconds }) => Milliseconds >= 200))`, "true") // else nothing would be noticed
			var long, worst int
			for seed := range 5 { // a task looks longer where other programs come and go, but not each time
				v = v.patient(t)
				evaluate[bool](v, watchTasks)
				v.generate("a red cube AND a blue sphere", seed, 8)
				v.kept(200)
				long, worst = 0, 0
				for _, task := range evaluate[[]task](v, `tasks`) {
					t.Logf("%.0f ms: %s", task.Milliseconds, task.What)
					if task.Milliseconds > 50 {
						long++
					}
					worst = max(worst, int(task.Milliseconds))
				}
				if long <= 1 && worst <= 150 {
					return
				}
			}
			t.Errorf("%d tasks of more than 50 ms, the longest %d ms; want 1 of at most 150", long, worst)
		})
	}
}
