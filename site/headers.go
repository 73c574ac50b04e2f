package site

import "strings"

// policy is the Content-Security-Policy: nothing is loaded from, sent to or framed by any other origin. A worker loaded by
// URL does not inherit it from its page but obeys the header of its own script, so every response carries it.
var policy = strings.Join([]string{
	"default-src 'none'",
	"script-src 'self' 'wasm-unsafe-eval'", // the second word allows WebAssembly, not eval
	"worker-src 'self'",
	"connect-src 'self'",
	"img-src 'self' blob: data:", // pictures are blobs
	"style-src 'self'",
	"manifest-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
}, "; ")

type header struct{ name, value string }

// everywhere are the headers of every response.
var everywhere = []header{
	{"Content-Security-Policy", policy},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
}

// Caching. A shard is named by what it holds, so it never changes; everything else is asked for again, and answered with
// 304 while it is the same: page, scripts and engine of different releases must not be mixed. Browsers ask for the service
// worker at every visit unless its own header lets them wait, a day at most: that is how often they look for a new version.
const (
	cacheForever = "public, max-age=31536000, immutable"
	cacheChecked = "no-cache"
	cacheDay     = "max-age=86400"
)
