module github.com/counterpoint/counterpoint

go 1.26
