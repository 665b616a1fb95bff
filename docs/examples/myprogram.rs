// myprogram in Rust: the probes are C, and called. Built with: rustc -O -C link-arg=myprogram_probes.o myprogram.rs
use std::ffi::CString;
use std::io::{self, BufRead, Write};
use std::os::raw::c_char;

extern "C" {
    fn myprogram_request_start(id: u64, path: *const c_char);
    fn myprogram_request_done(id: u64, status: i32, bytes: u64);
    fn myprogram_cache_size(entries: u32);
}

fn serve(path: &str, cached: &mut u32) -> (i32, u64) {
    if !path.starts_with('/') {
        return (404, 0);
    }
    if path == "/slow" {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    *cached += 1;
    unsafe { myprogram_cache_size(*cached) };
    (200, 100 * path.len() as u64)
}

fn main() -> io::Result<()> {
    let mut cached = 0;
    println!("ready");
    io::stdout().flush()?;
    for (id, line) in (1..).zip(io::stdin().lock().lines()) {
        let path = line?;
        let text = CString::new(path.as_str())?; // a Rust string has no NUL at its end
        unsafe { myprogram_request_start(id, text.as_ptr()) };
        let (status, bytes) = serve(&path, &mut cached);
        unsafe { myprogram_request_done(id, status, bytes) };
        println!("{}", status);
        io::stdout().flush()?;
    }
    Ok(())
}
