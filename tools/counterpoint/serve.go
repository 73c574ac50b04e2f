package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/counterpoint/counterpoint/site"
	"github.com/spf13/cobra"
)

// defaultHost is where serve listens unless told otherwise.
const defaultHost = "127.0.0.1:8080"

// drain is how long an interrupted server waits for answers under way.
const drain = 3 * time.Second

func newServe(c *console) *cobra.Command {
	var model, listen string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the web app, which computes in the browser",
		Long: `Serve the web app, which computes in the browser, on its GPU where it has WebGPU.
The page is sent with a policy that keeps it from reaching any other address.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serveSite(cmd.Context(), c, model, cmp.Or(listen, os.Getenv(envHost), defaultHost))
		},
	}
	modelFlag(cmd, &model)
	cmd.Flags().StringVar(&listen, "listen", "", "`address` to listen on (default $"+envHost+", else "+defaultHost+")")
	return cmd
}

func serveSite(ctx context.Context, c *console, model, address string) error {
	if !site.HasEngine() {
		return noEngine(site.ErrNoEngine)
	}
	files, _, err := findModel(model)
	if err != nil {
		return err
	}
	handler, err := site.Handler(files)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, address)
	if err != nil {
		return err
	}
	return serve(ctx, c, handler, listener)
}

// noEngine adds the way out to a site.ErrNoEngine.
func noEngine(err error) error {
	if !errors.Is(err, site.ErrNoEngine) {
		return err
	}
	return withHint(err, "in a clone of the repository, make site builds both")
}

// listen opens the address.
func listen(ctx context.Context, address string) (net.Listener, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, withHint(usagef("--listen: %w", err), "such as %s; port 0 is any free one", defaultHost)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		return listener, nil
	case inUse(err):
		return nil, withHint(fmt.Errorf("%s: another program listens there", address), "--listen 127.0.0.1:0 takes any free port")
	}
	return nil, err
}

func inUse(err error) bool {
	const windows = syscall.Errno(10048) // WSAEADDRINUSE, which package syscall has no name for
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, windows)
}

// serve answers until ctx is cancelled, which is its regular end. On a loopback address it answers only to that name.
func serve(ctx context.Context, c *console, handler http.Handler, listener net.Listener) error {
	address := listener.Addr().(*net.TCPAddr)
	if address.IP.IsLoopback() {
		handler = site.LoopbackOnly(handler, address)
	} else {
		c.warnf("%s can be reached from other machines, where browsers give WebGPU and storage to https pages only", address)
	}
	server := &http.Server{
		Handler:           logged(c, handler),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          log.New(c.log, "counterpoint: ", 0),
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		err := server.Shutdown(patience)
		if errors.Is(err, context.DeadlineExceeded) {
			err = server.Close()
		}
		stopped <- err
	})
	fmt.Fprintf(c.out, "http://%s/\n", address)
	c.notef("serving; interrupt to stop")
	err := server.Serve(listener)
	if stop() || !errors.Is(err, http.ErrServerClosed) {
		return err // it stopped by itself
	}
	return <-stopped
}

// logged says, when verbose, what is asked for.
func logged(c *console, next http.Handler) http.Handler {
	if !c.verbose {
		return next
	}
	lines := log.New(c.log, "counterpoint: ", 0) // requests come at the same time, and a Logger writes whole lines
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lines.Printf("%s %s", r.Method, r.URL.Path)
		next.ServeHTTP(w, r)
	})
}

func newSite(c *console) *cobra.Command {
	var model, dir string
	cmd := &cobra.Command{
		Use:   "site -o DIR",
		Short: "Write the web app and a model as a folder for any static host",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				return withHint(usagef("no folder"), "counterpoint site -o DIR")
			}
			files, _, err := findModel(model)
			if err != nil {
				return err
			}
			written, err := site.Export(cmd.Context(), files, dir)
			if err != nil {
				return noEngine(err)
			}
			fmt.Fprintln(c.out, dir)
			c.notef("%d files, %.1f MiB; the engine is %.2f MB with brotli", written.Files, mebibytes(written.Bytes), float64(written.Engine)/1e6)
			return nil
		},
	}
	modelFlag(cmd, &model)
	cmd.Flags().StringVarP(&dir, "output", "o", "", "the folder")
	return cmd
}
