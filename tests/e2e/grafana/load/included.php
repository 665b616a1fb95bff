<?php
// load.php includes this file, so that it is compiled.
return 1;
