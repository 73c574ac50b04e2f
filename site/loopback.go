package site

import (
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// LoopbackOnly answers requests that name this machine and port as their host, and refuses all others: a page elsewhere
// whose name is made to point at 127.0.0.1 ("DNS rebinding") must not reach what listens there.
func LoopbackOnly(next http.Handler, listening *net.TCPAddr) http.Handler {
	var hosts []string
	for _, name := range []string{"localhost", "127.0.0.1", "::1", listening.IP.String()} {
		hosts = append(hosts, net.JoinHostPort(name, strconv.Itoa(listening.Port)))
	}
	if listening.Port == 80 { // which browsers leave out
		hosts = append(hosts, "localhost", "127.0.0.1", "[::1]")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(hosts, strings.ToLower(r.Host)) {
			http.Error(w, "this server answers to localhost only", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
