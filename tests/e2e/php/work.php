<?php
// Calls functions, throws exceptions and makes mistakes, and says how many of each.
//
// Prints "ready", waits for a line, works, prints one line of JSON and stays until standard input ends.

class Fault extends Exception {}

class Counter {
    public int $calls = 0;
    public static int $statics = 0;

    public function step(): void {
        ++$this->calls;
    }

    public static function leap(): void {
        ++self::$statics;
    }
}

$plain = 0;

function plain(): void {
    global $plain;
    ++$plain;
}

/** Throws, and catches; how often. */
function thrown(int $count, string $class): int {
    $caught = 0;
    for ($i = 0; $i < $count; ++$i) {
        try {
            throw new $class("on purpose");
        } catch (Exception $exception) {
            ++$caught;
        }
    }
    return $caught;
}

ini_set("display_errors", "0");
ini_set("log_errors", "0");
$errors = 0;
set_error_handler(function () use (&$errors): bool {
    ++$errors;
    return true;
});

echo "ready\n";
fgets(STDIN);

$counter = new Counter();
for ($i = 0; $i < 300; ++$i) {
    plain();
}
for ($i = 0; $i < 200; ++$i) {
    $counter->step();
}
for ($i = 0; $i < 100; ++$i) {
    Counter::leap();
}
$thrown = ["Fault" => thrown(17, "Fault"), "RuntimeException" => thrown(9, "RuntimeException")];
for ($i = 0; $i < 7; ++$i) {
    trigger_error("on purpose", E_USER_WARNING);
}
for ($i = 0; $i < 6; ++$i) {
    $nothing = $unknown;
}
for ($i = 0; $i < 3; ++$i) {
    $included = include __DIR__ . "/included.php";
}
echo json_encode([
    "calls" => ["plain" => $plain, "step" => $counter->calls, "leap" => Counter::$statics],
    "thrown" => $thrown, "errors" => $errors, "compiled" => 1 + 3]), "\n";
while (fgets(STDIN) !== false) {
}
// PHP itself calls this, and nobody catches what it throws.
register_shutdown_function(function (): void {
    throw new Fault("the last");
});
