//go:build (linux || darwin || windows) && (amd64 || arm64) && !(windows && amd64)

package webgpuh

// In these calling conventions a stringView comes as two words.

func onPair(first, second, data, length, id, _ uintptr) uintptr {
	handlers.call(id, answer{first, second, stringView{data: pointer(data), length: uint(length)}.text()})
	return 0
}

func onStatus(status, data, length, id, _ uintptr) uintptr {
	if data == length && data != 0 { // no address is its text's length: this is the userdata, twice
		handlers.call(data, answer{first: status})
		return 0
	}
	handlers.call(id, answer{first: status, message: stringView{data: pointer(data), length: uint(length)}.text()})
	return 0
}
