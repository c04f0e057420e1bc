"""What is wrong with a version, found before the GPU costs money: one module a subject, one `Problem` a finding."""
