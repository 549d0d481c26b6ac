"""What a sweep file may say (`schema`), what it means (`reading`), and its rows (`sampling`)."""
