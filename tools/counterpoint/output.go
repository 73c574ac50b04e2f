package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// output is where pictures go.
type output struct {
	stream io.Writer // all into this one, if not nil
	dir    string
	format string // of file names, over the picture's number
	// next numbers on from the files that are there already, so that nothing is overwritten: for names that the user
	// didn't choose.
	next bool
}

// ownName is how pictures are called where the user gives no name.
const ownName = "counterpoint-%04d.png"

// numberVerb is what stands for a picture's number in a name: %d or %03d.
var numberVerb = regexp.MustCompile(`%(0\d+)?d`)

// parseOutput reads the -o flag: "-" is stdout, a folder that exists or ends in a slash gets numbered files, a name holds
// one picture, with %d or %03d for the number, and name.png becomes name-0000.png and so on where there are several.
func parseOutput(flag string, count int, stdout io.Writer) (*output, error) {
	switch {
	case flag == "-" && count > 1:
		return nil, withHint(usagef("-o -: standard output takes one picture, not %d", count), "give a folder: -o out/")
	case flag == "-":
		return &output{stream: stdout}, nil
	case flag == "":
		return &output{dir: ".", format: ownName, next: true}, nil
	case isFolder(flag):
		return &output{dir: filepath.Clean(flag), format: ownName, next: true}, nil
	}
	dir, name := filepath.Split(flag)
	extension := filepath.Ext(name)
	if extension != "" && !strings.EqualFold(extension, ".png") && !numberVerb.MatchString(extension) {
		return nil, withHint(usagef("-o %s: pictures are PNG files, not %s", flag, extension), "name it %s.png", strings.TrimSuffix(name, extension))
	}
	o := &output{dir: filepath.Clean(dir)}
	switch verbs := numberVerb.FindAllString(name, -1); {
	case len(verbs) > 1:
		return nil, usagef("-o %s: more than one place for the number", flag)
	case len(verbs) == 1:
		before, after, _ := strings.Cut(name, verbs[0])
		o.format = literal(before) + verbs[0] + literal(after)
	case count > 1:
		o.format = literal(strings.TrimSuffix(name, extension)) + "-%04d" + literal(extension)
	default:
		o.format = literal(name) + "%.0d" // writes nothing for number 0
	}
	return o, nil
}

func literal(s string) string { return strings.ReplaceAll(s, "%", "%%") }

func isFolder(name string) bool {
	if os.IsPathSeparator(name[len(name)-1]) || strings.HasSuffix(name, "/") {
		return true
	}
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// write writes picture i, whole or not at all, and returns its file name, "" for a stream.
func (o *output) write(i int, encode func(io.Writer) error) (string, error) {
	if o.stream != nil {
		b := bufio.NewWriter(o.stream)
		if err := encode(b); err != nil {
			return "", err
		}
		return "", b.Flush()
	}
	if err := os.MkdirAll(o.dir, 0o777); err != nil {
		return "", err
	}
	if !o.next {
		path := filepath.Join(o.dir, fmt.Sprintf(o.format, i))
		return path, writeFile(path, encode)
	}
	path, err := o.reserve()
	if err != nil {
		return "", err
	}
	if err := writeFile(path, encode); err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	return path, nil
}

// reserve makes an empty file under the next free number.
func (o *output) reserve() (string, error) {
	n, err := o.firstFree()
	if err != nil {
		return "", err
	}
	for ; ; n++ {
		path := filepath.Join(o.dir, fmt.Sprintf(o.format, n))
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		return path, f.Close()
	}
}

// firstFree returns the number after the largest one in use.
func (o *output) firstFree() (int, error) {
	entries, err := os.ReadDir(o.dir)
	if err != nil {
		return 0, err
	}
	prefix, rest, _ := strings.Cut(o.format, "%")
	_, suffix, _ := strings.Cut(rest, "d")
	free := 0
	for _, e := range entries {
		digits, ours := strings.CutPrefix(e.Name(), prefix)
		digits, png := strings.CutSuffix(digits, suffix)
		// Larger numbers are somebody else's; numbering on from them would overflow.
		if n, err := strconv.ParseUint(digits, 10, 30); ours && png && err == nil {
			free = max(free, int(n)+1)
		}
	}
	return free, nil
}

// writeFile writes a file beside its place and moves it there when it is whole. What isn't a regular file, such as a pipe or
// a device, is written as it stands.
func writeFile(path string, write func(io.Writer) error) (err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	dir, name := filepath.Split(path)
	temp := filepath.Join(dir, fmt.Sprintf(".%s.%08x.tmp", name, rand.Uint32()))
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temp))
		}
	}()
	b := bufio.NewWriter(f)
	if err := write(b); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(b.Flush(), f.Close()); err != nil {
		return err
	}
	return os.Rename(temp, path)
}
