<?php
// One request with all that the pack for PHP looks at: compiles, throws, catches.

foreach (["RuntimeException", "LogicException"] as $class) {
    try {
        throw new $class("on purpose");
    } catch (Exception $exception) {
    }
}
include __DIR__ . "/included.php";
