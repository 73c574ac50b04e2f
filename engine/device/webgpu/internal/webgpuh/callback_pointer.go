//go:build windows && amd64

package webgpuh

// In this calling convention a stringView comes as its address.

func onPair(first, second, message, id, _ uintptr) uintptr {
	handlers.call(id, answer{first, second, (*stringView)(pointer(message)).text()})
	return 0
}

func onStatus(status, message, id uintptr) uintptr {
	if message == id { // no address is a handler's number: there is no message, and these are the userdata, twice
		handlers.call(id, answer{first: status})
		return 0
	}
	handlers.call(id, answer{first: status, message: (*stringView)(pointer(message)).text()})
	return 0
}
