// myprogram in Go: the probes are C, and called through cgo.
package main

// #include <stdint.h>
// #include <stdlib.h>
// void myprogram_request_start(uint64_t id, const char* path);
// void myprogram_request_done(uint64_t id, int32_t status, uint64_t bytes);
// void myprogram_cache_size(uint32_t entries);
// #cgo LDFLAGS: ${SRCDIR}/myprogram_probes.o
import "C"

import (
	"bufio"
	"fmt"
	"os"
	"time"
	"unsafe"
)

var cached C.uint32_t

func serve(path string) (C.int32_t, C.uint64_t) {
	if len(path) == 0 || path[0] != '/' {
		return 404, 0
	}
	if path == "/slow" {
		time.Sleep(5 * time.Millisecond)
	}
	cached++
	C.myprogram_cache_size(cached)
	return 200, C.uint64_t(100 * len(path))
}

func main() {
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for id := C.uint64_t(1); lines.Scan(); id++ {
		text := C.CString(lines.Text())
		C.myprogram_request_start(id, text)
		status, bytes := serve(lines.Text())
		C.myprogram_request_done(id, status, bytes)
		C.free(unsafe.Pointer(text)) // not before: the path is read when request__done fires
		fmt.Println(status)
	}
}
