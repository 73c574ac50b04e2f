package e2e

import (
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/counterpoint/counterpoint/site"
)

// proxy is what the browser sends all its requests to. It hands on those to origins of tests and refuses all others, and
// keeps a list of both.
type proxy struct {
	server *httptest.Server

	mu      sync.Mutex
	origins map[string]http.Handler // by host and port
	foreign []string                // requests to anywhere else: method and URL
}

func newProxy() *proxy {
	p := &proxy{origins: make(map[string]http.Handler)}
	p.server = httptest.NewServer(p)
	return p
}

func (p *proxy) address() string { return p.server.URL }

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	origin := p.origins[r.Host]
	if origin == nil {
		p.foreign = append(p.foreign, r.Method+" "+r.URL.String())
	}
	p.mu.Unlock()
	if origin == nil {
		http.Error(w, "no such origin in these tests", http.StatusBadGateway)
		return
	}
	origin.ServeHTTP(w, r)
}

// foreignTo lists the requests to a host that is no origin of a test.
func (p *proxy) foreignTo(host string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []string
	for _, request := range p.foreign {
		if strings.Contains(request, host) {
			found = append(found, request)
		}
	}
	return found
}

// origin is the app, served on the loopback as the program serves it, with a record of what is asked for. Its fields may be
// set between visits.
type origin struct {
	url string

	mu        sync.Mutex
	app       http.Handler      // what the server answers with
	asked     []string          // paths
	before    map[string]string // by path: script that runs before the file's own
	broken    map[string]int    // by path: the status it is answered with
	cut       map[string]cut    // by path
	ranges    []string          // asked for since it was last looked at
	rangeless bool              // it sends whole files alone
	unguided  bool              // without the policy
	below     string            // the path under which the app is
	down      bool              // it answers nothing at all
}

func newOrigin(t *testing.T, model fs.FS) *origin {
	t.Helper()
	startChromium(t)
	handler, err := site.Handler(model)
	if err != nil {
		t.Fatal(err)
	}
	o := &origin{app: handler, before: make(map[string]string), broken: make(map[string]int), cut: make(map[string]cut)}
	server := httptest.NewUnstartedServer(nil)
	server.Config.Handler = site.LoopbackOnly(http.HandlerFunc(o.answer), server.Listener.Addr().(*net.TCPAddr))
	server.Start()
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	o.url = server.URL + "/"
	forward := httputil.NewSingleHostReverseProxy(at)
	forward.ModifyResponse = o.change
	p := running.proxy
	p.mu.Lock()
	defer p.mu.Unlock()
	p.origins[at.Host] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.asked = append(o.asked, r.URL.Path)
		broken, changed, below, down := o.broken[r.URL.Path], o.before[r.URL.Path] != "", o.below, o.down
		if c, ok := o.cut[r.URL.Path]; ok {
			delete(o.cut, r.URL.Path)
			w = &cutWriter{w, c}
		}
		if asked := r.Header.Get("Range"); asked != "" {
			o.ranges = append(o.ranges, asked)
		}
		if o.rangeless {
			r.Header.Del("Range")
		}
		o.mu.Unlock()
		if down {
			panic(http.ErrAbortHandler)
		}
		if broken != 0 {
			http.Error(w, "broken for a test", broken)
			return
		}
		r.URL.Path = strings.TrimPrefix(r.URL.Path, below)
		if changed {
			r.Header.Del("Accept-Encoding")
			r.Header.Del("If-None-Match")
		}
		forward.ServeHTTP(w, r)
	})
	return o
}

// cut breaks a connection once: after so many bytes, and not before the test says that they have arrived.
type cut struct {
	after   int
	arrived chan struct{}
}

// cutWriter is a connection that breaks.
type cutWriter struct {
	http.ResponseWriter
	cut
}

func (w *cutWriter) Write(data []byte) (int, error) {
	if len(data) <= w.after {
		w.after -= len(data)
		return w.ResponseWriter.Write(data)
	}
	_, _ = w.ResponseWriter.Write(data[:w.after])
	_ = http.NewResponseController(w.ResponseWriter).Flush()
	<-w.arrived
	panic(http.ErrAbortHandler)
}

func (o *origin) answer(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	app := o.app
	o.mu.Unlock()
	app.ServeHTTP(w, r)
}

// change puts script before a file's own and takes the policy away, where the test says so.
func (o *origin) change(r *http.Response) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.unguided {
		r.Header.Del("Content-Security-Policy")
	}
	script := o.before[r.Request.URL.Path]
	if script == "" || r.StatusCode != http.StatusOK {
		return nil
	}
	r.Header.Del("Content-Length")
	r.Header.Del("ETag")
	r.ContentLength = -1
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(strings.NewReader(script+"\n"), r.Body), r.Body}
	return nil
}

// set changes the origin's fields.
func (o *origin) set(change func(*origin)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change(o)
}

// rangesAsked returns the ranges asked for since the last call.
func (o *origin) rangesAsked() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	asked := o.ranges
	o.ranges = nil
	return asked
}

// requests returns the paths asked for since the last call.
func (o *origin) requests() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	asked := o.asked
	o.asked = nil
	return asked
}

// shards picks the requests for shards.
func shards(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool {
		return !strings.HasPrefix(path, "/model/") || strings.HasSuffix(path, ".json")
	})
}
