module todo/lab/images/pause

go 1.26
